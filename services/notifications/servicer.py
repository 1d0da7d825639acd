"""NotificationService: lists, the unread counter, and marking as read; always of the caller's own account."""

from typing import Any

import grpc
from igny8.notifications import v1 as notifications

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.transaction import Transactions
from services.notifications.convert import notification_to_proto
from services.notifications.store.transaction import NotificationsTransaction
from services.notifications.usecases import reading

Context = grpc.aio.ServicerContext[Any, Any]


class NotificationServicer(notifications.NotificationServiceServicer):
    """What the people of an account were told. Reading is the account's: what one has read, all have."""

    def __init__(self, transactions: Transactions[NotificationsTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def List(self, request: notifications.ListRequest, context: Context) -> notifications.ListResponse:
        page = await self._transactions.run(
            reading.list_notifications,
            account_id=current_caller().account(),
            unread_only=request.unread_only,
            notification_type=request.notification_type or None,
            page=PageRequest.of(request),
        )
        return notifications.ListResponse(
            notifications=map(notification_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def CountUnread(
        self, request: notifications.CountUnreadRequest, context: Context
    ) -> notifications.CountUnreadResponse:
        unread = await self._transactions.run(reading.count_unread, account_id=current_caller().account())
        return notifications.CountUnreadResponse(unread=unread)

    async def MarkRead(
        self, request: notifications.MarkReadRequest, context: Context
    ) -> notifications.MarkReadResponse:
        notification = await self._transactions.run_repeatable(
            reading.mark_read,
            account_id=current_caller().account(),
            notification_id=request.notification_id,
            now=self._clock.now(),
        )
        return notifications.MarkReadResponse(notification=notification_to_proto(notification))

    async def MarkAllRead(
        self, request: notifications.MarkAllReadRequest, context: Context
    ) -> notifications.MarkAllReadResponse:
        marked = await self._transactions.run_repeatable(
            reading.mark_all_read, account_id=current_caller().account(), now=self._clock.now()
        )
        return notifications.MarkAllReadResponse(marked=marked)

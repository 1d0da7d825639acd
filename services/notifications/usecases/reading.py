"""Reading notifications: lists, the unread counter, and marking as read."""

from datetime import datetime

from chassis.paging import Page, PageRequest
from services.notifications.domain.events import NotificationRead
from services.notifications.domain.notification import Notification
from services.notifications.store.transaction import NotificationsTransaction


def list_notifications(
    tx: NotificationsTransaction,
    *,
    account_id: str,
    unread_only: bool,
    notification_type: str | None,
    page: PageRequest,
) -> Page[Notification]:
    """The account's notifications, those with the latest event first."""
    return tx.notifications.newest(
        account_id=account_id, unread_only=unread_only, notification_type=notification_type, page=page
    )


def count_unread(tx: NotificationsTransaction, *, account_id: str) -> int:
    """How many the account has not read."""
    return tx.unread.get(account_id)


def mark_read(
    tx: NotificationsTransaction, *, account_id: str, notification_id: str, now: datetime
) -> Notification:
    """Marks one as read; one that is read stays as it is, and nothing is announced. Raises NotFound."""
    unread = tx.unread.lock(account_id)
    before = tx.notifications.get(notification_id, account_id=account_id)
    if not before.unread:
        return before
    notification = before.read(now=now)
    tx.notifications.save(notification)
    tx.unread.save(account_id, unread - 1)
    tx.record(
        NotificationRead(
            account_id=account_id, notification_id=notification_id, unread=unread - 1, occurred_at=now
        ),
        account_id=account_id,
    )
    return notification


def mark_all_read(tx: NotificationsTransaction, *, account_id: str, now: datetime) -> int:
    """Marks every one of the account as read, and tells how many were not."""
    tx.unread.lock(account_id)
    marked = tx.notifications.mark_all_read(account_id, now=now)
    if marked:
        tx.unread.save(account_id, 0)
        tx.record(
            NotificationRead(account_id=account_id, notification_id=None, unread=0, occurred_at=now),
            account_id=account_id,
        )
    return marked

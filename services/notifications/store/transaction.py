"""One transaction of notifications, with its stores."""

from functools import cached_property

from chassis.transaction import Transaction
from services.notifications.store.notifications import Notifications
from services.notifications.store.unread import UnreadCounters


class NotificationsTransaction(Transaction):
    """What a use case of notifications works on. Locks: the account's unread counter first, then notifications."""

    @cached_property
    def notifications(self) -> Notifications:
        return Notifications(self.connection)

    @cached_property
    def unread(self) -> UnreadCounters:
        return UnreadCounters(self.connection)

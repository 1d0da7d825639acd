"""What accounts were told, through the service's own use cases on a real database."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text

from chassis.paging import PageRequest
from chassis.testing import ManualClock, Recorded, recorded
from chassis.testing.callers import ACCOUNT_ID
from chassis.transaction import Transactions
from services.notifications.domain.facts import Fact
from services.notifications.domain.notification import Notification
from services.notifications.store.tables import notification as table
from services.notifications.store.transaction import NotificationsTransaction
from services.notifications.usecases import reading
from services.notifications.usecases.telling import tell


@dataclass(frozen=True)
class Feed:
    """Each method is one transaction at the clock's instant; by default of one and the same account."""

    transactions: Transactions[NotificationsTransaction]
    clock: ManualClock

    def tell(self, *facts: Fact, account_id: str = ACCOUNT_ID) -> list[Notification]:
        return [
            self.transactions.run_sync(tell, account_id=account_id, fact=fact, now=self.clock.now())
            for fact in facts
        ]

    def mark_read(self, notification_id: str, *, account_id: str = ACCOUNT_ID) -> Notification:
        return self.transactions.run_sync(
            reading.mark_read,
            account_id=account_id,
            notification_id=notification_id,
            now=self.clock.now(),
        )

    def mark_all_read(self, *, account_id: str = ACCOUNT_ID) -> int:
        return self.transactions.run_sync(reading.mark_all_read, account_id=account_id, now=self.clock.now())

    def newest(self, *, account_id: str = ACCOUNT_ID) -> list[Notification]:
        return self.transactions.run_sync(
            reading.list_notifications,
            account_id=account_id,
            unread_only=False,
            notification_type=None,
            page=PageRequest(size=200),
        ).items

    def unread(self, *, account_id: str = ACCOUNT_ID) -> int:
        """The number the service keeps."""
        return self.transactions.run_sync(reading.count_unread, account_id=account_id)

    def recount(self, *, account_id: str = ACCOUNT_ID) -> int:
        """The number as it must be."""
        unread = select(func.count()).where(table.c.account_id == account_id, table.c.read_at.is_(None))
        with self.transactions.engine.connect() as connection:
            return connection.execute(unread).scalar_one()

    def recorded(self) -> list[Recorded]:
        """The events in the outbox, oldest first."""
        return recorded(self.transactions.engine)

    def rows(self, query: str) -> list[Any]:
        """The rows of a query, as the service's own role."""
        with self.transactions.engine.connect() as connection:
            return list(connection.execute(text(query)))

"""A notifications database, its consumer and its servicer for the tests of notifications."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from igny8.notifications import v1 as notifications

from chassis.testing import ManualClock
from chassis.testing.serving import Served, serving
from chassis.transaction import Transactions
from services.notifications.convert import encode
from services.notifications.servicer import NotificationServicer
from services.notifications.store.transaction import NotificationsTransaction
from tests.notifications.feed import Feed


@pytest.fixture
def feed(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Feed:
    """The use cases of notifications on clean tables."""
    return Feed(transactions_for("notifications", NotificationsTransaction, encode=encode), clock)


@pytest.fixture
async def served(feed: Feed) -> AsyncIterator[Served]:
    """The service behind a real gRPC server."""
    servicer = NotificationServicer(feed.transactions, feed.clock)
    async with serving(
        (notifications.add_NotificationServiceServicer_to_server, servicer),
        service="notifications",
        clock=feed.clock,
    ) as running:
        yield running

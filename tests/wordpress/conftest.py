"""The WordPress of the session."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.publisher.convert_events import encode
from services.publisher.store.transaction import PublisherTransaction
from tests.publisher.newsroom import Newsroom
from tests.wordpress.paper import Paper
from tests.wordpress.running import RunningWordPress, running_wordpress


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is here needs it."""
    for item in items:
        if "tests/wordpress/" in item.path.as_posix():
            item.add_marker(pytest.mark.wordpress)


@pytest.fixture(scope="session")
def wordpress() -> Iterator[RunningWordPress]:
    """One WordPress for all tests; what a test leaves there others do not look at."""
    with running_wordpress() as running:
        yield running


@pytest.fixture
def newsroom(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Newsroom:
    """Publisher's use cases on clean tables."""
    transactions = transactions_for("publisher", PublisherTransaction, encode=encode, threads=8)
    return Newsroom(transactions=transactions, clock=clock)


@pytest.fixture
def paper(newsroom: Newsroom, wordpress: RunningWordPress) -> Paper:
    """A site that publishes at the WordPress as its administrator."""
    return Paper.at(newsroom, wordpress.admin)

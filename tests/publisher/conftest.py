"""A publisher database for the tests of publisher."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.publisher.convert_events import encode
from services.publisher.store.transaction import PublisherTransaction
from tests.publisher.newsroom import Newsroom


@pytest.fixture
def newsroom(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Newsroom:
    """Publisher's use cases on clean tables."""
    transactions = transactions_for("publisher", PublisherTransaction, encode=encode, threads=8)
    return Newsroom(transactions=transactions, clock=clock)

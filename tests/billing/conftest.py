"""A billing database for the tests of billing."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from tests.billing.books import Billing


@pytest.fixture
def billing(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Billing:
    """Billing's use cases on clean tables."""
    transactions = transactions_for("billing", BillingTransaction, encode=encode, threads=8)
    return Billing(transactions=transactions, clock=clock)

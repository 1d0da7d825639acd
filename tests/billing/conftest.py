"""A billing database for the tests of billing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from chassis.database import open_engine
from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from tests.billing.books import Billing
from tests.kit.databases import SessionDatabase


@pytest.fixture
def billing(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Billing:
    """Billing's use cases on clean tables."""
    transactions = transactions_for("billing", BillingTransaction, encode=encode, threads=8)
    return Billing(transactions=transactions, clock=clock)


@pytest.fixture
def read_only(billing: Billing, database: SessionDatabase) -> Iterator[Engine]:
    """The role that people look at the tables with; it sees the schema `billing`."""
    engine = open_engine(database.dsn("readonly"), service="billing", pool_size=1)
    yield engine
    engine.dispose()

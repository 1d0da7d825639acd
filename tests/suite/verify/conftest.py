"""One small world for all tests of this folder: they look at it, and put every fault they make back."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class, named like a module

from chassis.database import open_engine
from chassis.outbox import Outbox
from chassis.testing import ManualClock
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from suite.databases import SERVICES, with_all_schemas
from tests.billing.books import Billing
from tests.kit.databases import SessionDatabase
from tests.suite.verify.world import World, build


@pytest.fixture(scope="module")
def world(database: SessionDatabase) -> Iterator[World]:
    """Four clean schemas with a small suite at rest."""
    for service in SERVICES:
        database.empty(service)
    clock = ManualClock()
    engine = open_engine(database.dsn("billing"), service="billing", pool_size=2)
    transactions = Transactions(
        engine,
        BillingTransaction,
        outbox=Outbox(service="billing", encode=encode, clock=clock),
        threads=2,
    )
    yield build(database.owner, Billing(transactions=transactions, clock=clock))
    transactions.close()
    engine.dispose()
    for service in SERVICES:
        database.empty(service)


@pytest.fixture
def owner(world: World, database: SessionDatabase) -> Iterator[Connection]:
    """The owner in a transaction of his, without triggers and foreign keys; nothing of it stays."""
    with closing(psycopg2.connect(with_all_schemas(database.owner_dsn))) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
        yield connection
        connection.rollback()

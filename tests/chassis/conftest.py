"""The miniature service of sample.py with its schema, on the session's servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text

from chassis.consuming import Consumer
from chassis.database import open_engine
from chassis.migrations import create_chassis_tables
from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.relay import Relay
from chassis.testing import CleanSchema
from chassis.transaction import Transaction, Transactions
from tests.chassis.consumers import Start
from tests.chassis.sample import SCHEMA, note
from tests.kit.databases import SessionDatabase
from tests.kit.tasks import cancelled_at_the_end


class _Op:
    """The part of alembic's `op` that the chassis' migration needs."""

    def __init__(self, execute: Callable[[Any], Any]) -> None:
        self._execute = execute

    def execute(self, sqltext: str) -> None:
        self._execute(text(sqltext))


@pytest.fixture(scope="session")
def sample_schema(database: SessionDatabase) -> CleanSchema:
    owner = database.owner(SCHEMA)
    with owner.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        create_chassis_tables(_Op(connection.execute))
        note.create(connection)
    return CleanSchema(owner, schema=SCHEMA)


@pytest.fixture
def sample_dsn(database: SessionDatabase, sample_schema: CleanSchema) -> str:
    """The libpq URI of the sample's database, its tables empty."""
    sample_schema.empty()
    return database.owner_dsn


@pytest.fixture
def engine(sample_dsn: str) -> Iterator[Engine]:
    opened = open_engine(sample_dsn, service=SCHEMA, pool_size=8)
    yield opened
    opened.dispose()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(service=SCHEMA, encode=_refuse)


@pytest.fixture
def transactions(engine: Engine, outbox: Outbox) -> Iterator[Transactions[Transaction]]:
    made = Transactions(engine, Transaction, outbox=outbox, threads=8)
    yield made
    made.close()


@pytest.fixture
async def relay(sample_dsn: str, outbox: Outbox, bus: Bus) -> AsyncIterator[Relay]:
    """A relay at work."""
    made = Relay(dsn=sample_dsn, outbox=outbox, bus=bus)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(cancelled_at_the_end(made.run()))
        yield made


@pytest.fixture
async def start(transactions: Transactions[Transaction], bus: Bus) -> AsyncIterator[Start]:
    """Starts consumers, and ends them with the test."""
    tasks: list[asyncio.Task[None]] = []

    async def run(consumer: Consumer[Transaction]) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(consumer.run(bus, transactions)))
        return tasks[-1]

    yield run
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _refuse(event: object) -> Any:
    raise TypeError(f"The sample records proto messages only, not {type(event).__name__}.")

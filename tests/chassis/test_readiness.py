"""Readiness: lost with the database, found again with it, and not lost because every thread has work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
from sqlalchemy import make_url

from chassis.database import open_engine
from chassis.identity import Keyring, TokenVerifier
from chassis.lifecycle import Shutdown
from chassis.outbox import Outbox
from chassis.readiness import Readiness, migrated_for
from chassis.server import Server
from chassis.testing import until
from chassis.testing.serving import SECRET_KEY
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import SCHEMA, hold_connection
from tests.kit.tasks import cancelled_at_the_end


class Road:
    """The road to a server, which can be closed."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        self._writers += [writer, back]
        await asyncio.gather(_one_way(reader, back), _one_way(there, writer))


async def _one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            sink.write(chunk)
    sink.close()


@pytest.fixture
async def road(sample_dsn: str) -> AsyncIterator[Road]:
    url = make_url(sample_dsn)
    road = Road(url.host or "127.0.0.1", url.port or 5432)
    await road.open()
    yield road
    road.close()


@pytest.fixture
async def transactions(sample_dsn: str, road: Road) -> AsyncIterator[Transactions[Transaction]]:
    dsn = make_url(sample_dsn).set(host="127.0.0.1", port=road.port).render_as_string(hide_password=False)
    engine = open_engine(dsn, service=SCHEMA, pool_size=2)
    made = Transactions(engine, Transaction, outbox=Outbox(service=SCHEMA, encode=_never), threads=2)
    yield made
    # The road is built on this thread: a use case on its way needs it to come to its end.
    await asyncio.to_thread(made.close)
    engine.dispose()


def _never(event: object) -> NoReturn:
    raise AssertionError(event)


@pytest.fixture
async def readiness(transactions: Transactions[Transaction]) -> AsyncIterator[Readiness]:
    server = Server(TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing"))
    await server.start("127.0.0.1:0")
    yield Readiness(transactions, server, is_migrated=lambda _applied: True, check_seconds=0.02)
    await server.stop(0)


async def test_it_is_lost_with_the_database_and_found_again(readiness: Readiness, road: Road) -> None:
    await readiness.wait_for_database(Shutdown())
    await readiness.set_serving(True)

    async with cancelled_at_the_end(readiness.watch()):
        assert readiness.report() == (True, {"database": "ok", "nats": "waiting"})
        road.close()
        await until(lambda: not readiness.ready.is_set(), timeout_seconds=30)
        assert readiness.report()[1]["database"] == "service unavailable"
        await road.open()
        await until(readiness.ready.is_set, timeout_seconds=30)


async def test_a_service_whose_threads_all_have_work_stays_ready(
    readiness: Readiness, transactions: Transactions[Transaction]
) -> None:
    await readiness.wait_for_database(Shutdown())
    await readiness.set_serving(True)
    busy = [asyncio.ensure_future(transactions.run(hold_connection, seconds=2.5)) for _ in range(2)]

    async with cancelled_at_the_end(readiness.watch()):
        await asyncio.gather(*busy)

    assert readiness.report()[0]


async def test_a_database_that_is_well_does_not_make_a_draining_service_ready(readiness: Readiness) -> None:
    await readiness.wait_for_database(Shutdown())
    await readiness.set_serving(True)

    await readiness.set_serving(False)

    assert not readiness.ready.is_set()
    assert readiness.report()[1]["database"] == "ok"


@pytest.mark.parametrize(
    ("applied", "ready"),
    [(frozenset(), False), (frozenset({"of a newer release"}), True)],
    ids=["never migrated", "migrated by a newer release"],
)
def test_a_schema_is_good_at_the_newest_revision_or_beyond(applied: frozenset[str], ready: bool) -> None:
    assert migrated_for("billing")(applied) is ready

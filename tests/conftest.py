"""What every test may ask for: built stubs, the real PostgreSQL and NATS, clean before each test that uses them."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from protos.build import build

# Before anything below imports a stub.
build()

from sqlalchemy import Connection, Engine  # noqa: E402 - after the stubs

from chassis.clock import Clock  # noqa: E402
from chassis.database import open_engine  # noqa: E402
from chassis.nats import Bus  # noqa: E402
from chassis.outbox import Outbox  # noqa: E402
from chassis.testing import ManualClock  # noqa: E402
from chassis.transaction import Transaction, Transactions  # noqa: E402
from suite.embedded.ports import reserve_port  # noqa: E402
from tests.kit import databases  # noqa: E402
from tests.kit.databases import SessionDatabase  # noqa: E402
from tests.kit.streams import SessionNats, empty_streams  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=[databases.EMBEDDED, databases.CONTAINER],
        default=os.environ.get("IGNY8_TEST_DATABASE", databases.EMBEDDED),
        help="where the tests' PostgreSQL runs",
    )
    parser.addoption("--all-kills", action="store_true", help="kill each service once, not only two of them")
    parser.addoption("--all-inputs", action="store_true", help="thousands of bad inputs, not only a sample")
    parser.addoption(
        "--examples",
        type=int,
        default=0,
        help="random examples of the ledger's model, in place of the same few each time",
    )
    parser.addoption(
        "--seed",
        default=os.environ.get("IGNY8_TEST_SEED", secrets.token_hex(4)),
        help="what tests that choose choose by; the report's head says which it was",
    )


def pytest_report_header(config: pytest.Config) -> str:
    return f"--seed={config.getoption('--seed')}"


@pytest.fixture(scope="session")
def database(pytestconfig: pytest.Config) -> Iterator[SessionDatabase]:
    """The session's PostgreSQL with roles and schemas; `database.dsn("billing")` migrates billing on first use."""
    kind = pytestconfig.getoption("--database")
    with databases.serving(kind) as admin_dsn:
        session = SessionDatabase(admin_dsn, kind=kind)
        yield session
        session.close()


@pytest.fixture(scope="session")
def assert_migrations_match(database: SessionDatabase) -> Callable[[str], None]:
    """`assert_migrations_match("billing")`: the migrations make what store/tables.py declares."""
    return database.assert_migrations_match


@pytest.fixture
def engine_for(database: SessionDatabase) -> Iterator[Callable[..., Engine]]:
    """`engine_for("billing")`: an engine of the service's own role, on tables that are clean when the test begins."""
    opened: dict[str, Engine] = {}

    def engine(service: str, *, pool_size: int = 4) -> Engine:
        if service not in opened:
            dsn = database.dsn(service)
            database.empty(service)
            opened[service] = open_engine(dsn, service=service, pool_size=pool_size)
        return opened[service]

    yield engine
    for each in opened.values():
        each.dispose()


@pytest.fixture
def transactions_for(
    engine_for: Callable[..., Engine], clock: ManualClock
) -> Iterator[Callable[..., Transactions[Any]]]:
    """`transactions_for("billing", BillingTransaction, encode=convert.encode)`, on clean tables.

    Without `encode`, events are recorded as proto messages. `threads` and `clock` may be given too.
    """
    made: list[Transactions[Any]] = []

    def transactions(
        service: str,
        factory: Callable[[Connection], Transaction] = Transaction,
        *,
        encode: Callable[[Any], Any] = _as_it_is,
        threads: int = 4,
        clock: Clock = clock,
    ) -> Transactions[Any]:
        outbox = Outbox(service=service, encode=encode, clock=clock)
        made.append(
            Transactions(engine_for(service, pool_size=threads), factory, outbox=outbox, threads=threads)
        )
        return made[-1]

    yield transactions
    for each in made:
        each.close()


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody but a server of this test gets."""
    with reserve_port() as reserved:
        yield reserved.port


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at a Monday morning until the test moves it."""
    return ManualClock()


@pytest.fixture(scope="session")
def nats_server() -> Iterator[SessionNats]:
    """The session's NATS server; tests that kill it take a server of their own."""
    with SessionNats() as server:
        yield server


@pytest.fixture
async def bus(nats_server: SessionNats) -> AsyncIterator[Bus]:
    """A connection to NATS with both streams there, empty, and without consumers."""
    connection = await Bus.connect(nats_server.url, name="test")
    await empty_streams(connection)
    yield connection
    await connection.close()


def _as_it_is(event: Any) -> Any:
    return event

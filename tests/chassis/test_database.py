"""The engine: every wait has an end, also when the server has stopped answering."""

import os
import signal
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis.database import database_url, open_engine
from chassis.outbox import Outbox
from chassis.refusal import DeadlineExceeded
from chassis.transaction import Transaction, Transactions
from chassis.watchdog import KILLS
from tests.chassis.sample import SCHEMA, notes, write_note
from tests.kit.databases import EMBEDDED, SessionDatabase


@pytest.fixture
def stopped_sessions(database: SessionDatabase) -> Iterator[list[int]]:
    """Process ids of sessions a test has stopped, let go on afterwards."""
    if database.kind != EMBEDDED:
        pytest.skip("a container's process ids mean other processes here")
    sessions: list[int] = []
    yield sessions
    for session in sessions:
        os.kill(session, signal.SIGCONT)


def test_a_libpq_uri_means_psycopg2() -> None:
    url = database_url("postgresql://igny8:p%40ss@127.0.0.1:5432/igny8?sslmode=disable")

    assert url.drivername == "postgresql+psycopg2"
    assert url.password == "p@ss"
    assert url.query == {"sslmode": "disable"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("search_path", SCHEMA),
        ("statement_timeout", "5s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("timezone", "UTC"),
        ("application_name", "igny8-sample"),
    ],
)
def test_every_session_has_its_limits(engine: Engine, setting: str, value: str) -> None:
    with engine.connect() as connection:
        shown = connection.execute(
            text("SELECT current_setting(:setting)"), {"setting": setting}
        ).scalar_one()

    assert shown == value


def test_an_exhausted_pool_is_an_error_after_two_seconds(sample_dsn: str) -> None:
    narrow = open_engine(sample_dsn, service=SCHEMA, pool_size=1)
    began = time.monotonic()

    with narrow.connect(), pytest.raises(PoolTimeout):
        narrow.connect()

    assert 1.9 < time.monotonic() - began < 20
    narrow.dispose()


async def test_a_server_that_stops_answering_is_given_up_at_the_deadline(
    sample_dsn: str, outbox: Outbox, stopped_sessions: list[int]
) -> None:
    engine = open_engine(sample_dsn, service=SCHEMA, pool_size=1, deadline_seconds=0.5)
    transactions = Transactions(engine, Transaction, outbox=outbox, threads=1)
    kills = KILLS._value.get()
    began = time.monotonic()

    def stop_the_server_under_it(tx: Transaction) -> None:
        session = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        stopped_sessions.append(session)
        os.kill(session, signal.SIGSTOP)
        tx.connection.execute(text("SELECT 1"))

    with pytest.raises(DeadlineExceeded):
        await transactions.run(stop_the_server_under_it)
    waited = time.monotonic() - began
    await transactions.run(write_note, words="the only place in the pool is free again")

    assert waited < 20
    assert KILLS._value.get() == kills + 1
    assert notes(engine) == ["the only place in the pool is free again"]
    transactions.close()
    engine.dispose()


async def test_an_idle_connection_to_a_stopped_server_does_not_hang_its_next_user(
    sample_dsn: str, outbox: Outbox, stopped_sessions: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.database.PING_AFTER_IDLE_SECONDS", 0)
    engine = open_engine(sample_dsn, service=SCHEMA, pool_size=1, deadline_seconds=0.5)
    with engine.connect() as connection:
        stopped_sessions.append(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
    os.kill(stopped_sessions[0], signal.SIGSTOP)

    with engine.connect() as connection:
        answer = connection.execute(text("SELECT 1")).scalar_one()

    assert answer == 1
    engine.dispose()

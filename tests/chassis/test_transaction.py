"""Transactions: one use case, one commit, its events with it; what is tried again and what is refused."""

import asyncio
import socket
import threading
import time
from typing import NoReturn

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from chassis.database import guarded, open_engine
from chassis.outbox import Outbox
from chassis.refusal import Contention, DeadlineExceeded, NotFound, Overloaded, ServiceUnavailable
from chassis.testing import recorded, until
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import (
    ACCOUNT,
    SCHEMA,
    granted,
    hold_connection,
    hold_until,
    notes,
    write_note,
    write_note_and_fail,
)
from tests.kit.databases import SessionDatabase

TxS = Transactions[Transaction]
TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


async def test_a_fact_and_its_event_commit_together(transactions: TxS, engine: Engine) -> None:
    await transactions.run(write_note, words="kept")

    assert notes(engine) == ["kept"]
    assert [event.payload["grant_id"] for event in recorded(engine)] == ["kept"]


async def test_what_is_recorded_for_another_goes_on_in_its_trace(transactions: TxS, engine: Engine) -> None:
    def record_for_two(tx: Transaction) -> None:
        with tx.in_trace(TRACE):
            tx.record(granted("theirs"), account_id=ACCOUNT)
        tx.record_many([(granted("nobody's"), ACCOUNT)])

    await transactions.run(record_for_two)

    theirs, other = recorded(engine)
    assert theirs.headers["traceparent"] == TRACE
    assert other.headers["traceparent"] != TRACE


async def test_a_refused_use_case_leaves_neither_fact_nor_event(transactions: TxS, engine: Engine) -> None:
    refusal = NotFound(kind="site", id="1")

    with pytest.raises(NotFound):
        await transactions.run(write_note_and_fail, words="lost", error=refusal)

    assert notes(engine) == []
    assert recorded(engine) == []


async def test_many_events_are_written_in_their_order(transactions: TxS, engine: Engine) -> None:
    def usecase(tx: Transaction) -> None:
        tx.record_many((granted(str(number)), ACCOUNT) for number in range(2500))

    await transactions.run(usecase)

    assert [event.payload["grant_id"] for event in recorded(engine)] == [
        str(number) for number in range(2500)
    ]


async def test_a_deadlock_is_tried_again_until_both_have_passed(transactions: TxS, engine: Engine) -> None:
    met = asyncio.Barrier(2)
    loop = asyncio.get_running_loop()
    attempts: list[str] = []

    def lock_both(tx: Transaction, first: int, second: int) -> None:
        attempts.append(f"{first}{second}")
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": first})
        if len(attempts) <= 2:
            asyncio.run_coroutine_threadsafe(met.wait(), loop).result(5)
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": second})

    await asyncio.gather(transactions.run(lock_both, 1, 2), transactions.run(lock_both, 2, 1))

    assert len(attempts) == 3


async def test_a_conflict_that_never_ends_is_refused_as_contention(transactions: TxS) -> None:
    attempts: list[int] = []

    def conflict(tx: Transaction) -> None:
        attempts.append(1)
        tx.connection.execute(text("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$"))

    with pytest.raises(Contention):
        await transactions.run(conflict)

    assert len(attempts) == 5


async def test_a_session_ended_by_the_server_is_tried_again(transactions: TxS, engine: Engine) -> None:
    attempts: list[int] = []

    def die_once(tx: Transaction) -> str:
        attempts.append(1)
        if len(attempts) == 1:
            tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return write_note(tx, words="after all")

    await transactions.run(die_once)

    assert notes(engine) == ["after all"]


async def test_an_idle_connection_that_died_is_replaced_unseen(
    transactions: TxS, engine: Engine, database: SessionDatabase
) -> None:
    session = await transactions.run(_session_id)
    with database.owner(SCHEMA).connect() as connection:
        await until(lambda: _ended(connection, session))

    await transactions.run(write_note, words="after")

    assert notes(engine) == ["after"]


async def test_a_commit_whose_end_is_unknown_is_not_tried_again(transactions: TxS) -> None:
    attempts: list[int] = []

    def break_the_commit(tx: Transaction) -> None:
        attempts.append(1)
        _cut_at_commit(tx)

    with pytest.raises(ServiceUnavailable):
        await transactions.run(break_the_commit)

    assert len(attempts) == 1


async def test_a_repeatable_use_case_is_tried_again_after_an_unknown_commit(transactions: TxS) -> None:
    attempts: list[int] = []

    def break_the_first_commit(tx: Transaction) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            _cut_at_commit(tx)

    await transactions.run_repeatable(break_the_first_commit)

    assert len(attempts) == 2


async def test_a_server_that_is_away_is_refused_as_unavailable() -> None:
    nowhere = open_engine("postgresql://igny8:none@127.0.0.1:1/none", service=SCHEMA)
    transactions = Transactions(nowhere, Transaction, outbox=Outbox(service=SCHEMA, encode=_never), threads=1)

    with pytest.raises(ServiceUnavailable):
        await transactions.run(write_note, words="never")

    transactions.close()


async def test_a_violated_constraint_stays_the_error_it_is(transactions: TxS) -> None:
    def twice(tx: Transaction) -> None:
        note_id = write_note(tx, words="once")
        tx.connection.execute(text("INSERT INTO note SELECT * FROM note WHERE id = :id"), {"id": note_id})

    with pytest.raises(IntegrityError):
        await transactions.run(twice)


async def test_a_statement_that_takes_too_long_is_refused(transactions: TxS) -> None:
    def slow(tx: Transaction) -> None:
        tx.connection.execute(text("SET LOCAL statement_timeout = 50"))
        hold_connection(tx, seconds=5)

    with pytest.raises(DeadlineExceeded):
        await transactions.run(slow)


async def test_a_longer_deadline_lets_a_long_statement_end(transactions: TxS) -> None:
    def allowed(tx: Transaction) -> str:
        return str(tx.connection.execute(text("SHOW statement_timeout")).scalar_one())

    assert await transactions.run(allowed) == "5s"
    assert await transactions.within(seconds=60).run(allowed) == "1min"
    assert await transactions.run(allowed) == "5s"


async def test_a_row_held_by_another_for_too_long_is_refused(transactions: TxS, engine: Engine) -> None:
    def wait_for_lock(tx: Transaction) -> None:
        tx.connection.execute(text("SET LOCAL lock_timeout = 50"))
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(7)"))

    with engine.connect() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(7)"))
        with pytest.raises(Contention):
            await transactions.run(wait_for_lock)


async def test_a_full_pool_refuses_in_two_seconds_and_then_works_again(
    engine: Engine, outbox: Outbox
) -> None:
    narrow = Transactions(engine, Transaction, outbox=outbox, threads=1)
    began = time.monotonic()
    released = threading.Event()
    holder = asyncio.create_task(narrow.run(hold_until, released=released))
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await narrow.run(write_note, words="refused")
    waited = time.monotonic() - began
    released.set()
    await holder
    await narrow.run(write_note, words="later")

    assert 1.9 < waited < 20
    assert notes(engine) == ["later"]
    narrow.close()


async def test_a_cancelled_call_that_has_not_begun_never_begins(engine: Engine, outbox: Outbox) -> None:
    narrow = Transactions(engine, Transaction, outbox=outbox, threads=1)
    holder = asyncio.create_task(narrow.run(hold_connection, seconds=0.2))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(narrow.run(write_note, words="cancelled"))
    await asyncio.sleep(0)

    waiting.cancel()
    await holder
    await narrow.run(write_note, words="after")

    assert notes(engine) == ["after"]
    narrow.close()


async def test_the_relay_is_woken_only_by_a_commit_that_recorded_something(
    transactions: TxS, outbox: Outbox
) -> None:
    await transactions.run(hold_connection, seconds=0)
    quiet = await outbox.committed.wait(timeout_seconds=0.01)
    await transactions.run(write_note, words="news")
    woken = await outbox.committed.wait(timeout_seconds=5)

    assert not quiet
    assert woken


async def test_the_loop_turns_while_a_transaction_waits(transactions: TxS) -> None:
    turns = 0
    slow = asyncio.create_task(transactions.run(hold_connection, seconds=0.2))

    def turned() -> bool:
        nonlocal turns
        turns += 1
        return slow.done()

    await until(turned)

    assert turns > 5


def _session_id(tx: Transaction) -> int:
    return int(tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _ended(connection: Connection, session: int) -> bool:
    found = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :session"
    ended = connection.execute(text(found), {"session": session}).first() is None
    # Within one transaction the view would show the same sessions for ever.
    connection.rollback()
    return ended


def _cut_at_commit(tx: Transaction) -> None:
    """Shuts the line, so that the COMMIT is sent to nobody: the client cannot know whether it arrived."""
    tx.connection.execute(text("SELECT 1"))
    guarded(tx.connection).line.shutdown(socket.SHUT_RDWR)


def _never(event: object) -> NoReturn:
    raise AssertionError(event)

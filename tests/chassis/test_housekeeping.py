"""Old rows go, what may still be needed stays."""

import pytest
from sqlalchemy import Engine, text

from chassis.housekeeping import Housekeeper
from chassis.tables import idempotency, inbox, outbox
from chassis.testing import ManualClock
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import ACCOUNT, count

TxS = Transactions[Transaction]

ROWS = """
    INSERT INTO outbox (event_id, account_id, stream, subject, payload, headers, published_at)
    SELECT gen_random_uuid(), :account_id, :stream, 's', '{}', '{}', CAST(:published_at AS timestamptz)
    FROM generate_series(1, :rows)
"""


def write_rows(engine: Engine, clock: ManualClock, *, stream: str, published: bool, rows: int = 3) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(ROWS),
            {
                "account_id": ACCOUNT,
                "stream": stream,
                "published_at": clock.now() if published else None,
                "rows": rows,
            },
        )


@pytest.mark.parametrize(
    ("stream", "days", "left"),
    [("IGNY8_EVENTS", 20.9, 3), ("IGNY8_EVENTS", 21.1, 0), ("IGNY8_JOBS", 1.9, 3), ("IGNY8_JOBS", 2.1, 0)],
)
async def test_published_rows_are_kept_as_long_as_a_stream_may_need_them(
    transactions: TxS, engine: Engine, clock: ManualClock, stream: str, days: float, left: int
) -> None:
    write_rows(engine, clock, stream=stream, published=True)
    clock.advance(days=days)

    await Housekeeper(transactions, clock).purge()

    with engine.connect() as connection:
        assert count(connection, outbox) == left


async def test_an_unpublished_row_is_never_purged(
    transactions: TxS, engine: Engine, clock: ManualClock
) -> None:
    write_rows(engine, clock, stream="IGNY8_EVENTS", published=False)
    clock.advance(days=400)

    assert await Housekeeper(transactions, clock).purge() == 0


async def test_more_than_one_batch_is_purged(transactions: TxS, engine: Engine, clock: ManualClock) -> None:
    write_rows(engine, clock, stream="IGNY8_EVENTS", published=True, rows=2500)
    clock.advance(days=30)

    assert await Housekeeper(transactions, clock).purge() == 2500


@pytest.mark.parametrize(("days", "left"), [(29.9, 1), (30.1, 0)])
async def test_handled_messages_and_answered_requests_are_kept_for_30_days(
    transactions: TxS, engine: Engine, clock: ManualClock, days: float, left: int
) -> None:
    with engine.begin() as connection:
        now = {"now": clock.now(), "account_id": ACCOUNT}
        connection.execute(text("INSERT INTO inbox VALUES ('c', gen_random_uuid(), :now)"), now)
        connection.execute(
            text("INSERT INTO idempotency VALUES (:account_id, 'Scope', 'r', '', '', :now)"), now
        )
    clock.advance(days=days)

    await Housekeeper(transactions, clock).purge()

    with engine.connect() as connection:
        assert (count(connection, inbox), count(connection, idempotency)) == (left, left)

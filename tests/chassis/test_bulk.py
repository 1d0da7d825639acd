"""Many rows as one parameter: every value comes back as it was, to the last digit and the last letter."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from chassis import tables
from chassis.bulk import Writes, insert_rows, recordset, to_json
from chassis.ids import new_id

NOW = datetime(2026, 11, 2, 9, 0, 0, 123457, tzinfo=UTC)
AWKWARD = 'Äpfel "5" \\ : :rows %s %(x)s \n\t 🍏'


def _row(**changes: Any) -> dict[str, Any]:
    row = {
        "account_id": new_id(),
        "scope": AWKWARD,
        "request_id": new_id(),
        "request_hash": bytes(range(256)),
        "created_at": NOW,
    }
    return row | changes


@pytest.fixture
def connection(engine_for: Any) -> Any:
    engine: Engine = engine_for("billing")
    with engine.begin() as connection:
        yield connection


def test_rows_come_back_as_they_were(connection: Connection) -> None:
    rows = [_row(), _row(scope="another")]

    insert_rows(connection, tables.idempotency, rows)

    found = connection.execute(select(tables.idempotency).order_by(tables.idempotency.c.request_id)).all()
    assert [{**each._mapping, "request_hash": bytes(each.request_hash)} for each in found] == [
        {**row, "answer": None} for row in rows
    ]


def test_a_row_that_is_there_stays_as_it_is_where_that_is_said(connection: Connection) -> None:
    row, other = _row(), _row()
    insert_rows(connection, tables.idempotency, [row])

    insert_rows(
        connection, tables.idempotency, [row | {"request_hash": b"another"}, other], unless_there=True
    )

    query = select(tables.idempotency.c.request_id, tables.idempotency.c.request_hash)
    hashes = {each.request_id: bytes(each.request_hash) for each in connection.execute(query)}
    assert hashes == {each["request_id"]: each["request_hash"] for each in (row, other)}


def test_a_column_that_follows_from_others_is_computed(connection: Connection) -> None:
    writes = Writes()

    writes.insert(tables.idempotency, [_row()], computed=(("answer", "sha256(given.request_hash)"),))
    writes.send(connection)

    assert len(bytes(connection.execute(select(tables.idempotency.c.answer)).scalar_one())) == 32


def test_what_is_sent_together_is_done_in_the_order_it_came(connection: Connection) -> None:
    row, other = _row(), _row()
    writes = Writes()

    writes.insert(tables.idempotency, [row, other])
    writes.update(tables.idempotency, [row | {"answer": b"\0"}], columns=["answer"])
    writes.send(connection)
    writes.send(connection)

    query = select(tables.idempotency.c.request_id, tables.idempotency.c.answer)
    answers = {each.request_id: each.answer for each in connection.execute(query)}
    assert (bytes(answers[row["request_id"]] or b""), answers[other["request_id"]]) == (b"\0", None)


def test_rows_that_are_gathered_come_last_and_in_one_statement(connection: Connection) -> None:
    row = _row()
    columns = recordset((tables.idempotency.c.request_id, tables.idempotency.c.scope))
    appended = (
        "UPDATE idempotency SET scope = idempotency.scope || given.scope"
        f" FROM (SELECT request_id, string_agg(scope, '') AS scope FROM {columns} GROUP BY 1) AS given"
        " WHERE idempotency.request_id = given.request_id"
    )
    writes = Writes()

    writes.gather(appended, {"request_id": row["request_id"], "scope": "+one"})
    writes.gather(appended, {"request_id": row["request_id"], "scope": "+two"})
    writes.insert(tables.idempotency, [row])
    writes.send(connection)
    writes.send(connection)

    # An UPDATE changes a row once: two statements would have left other words, and the same one twice only the first.
    assert connection.execute(select(tables.idempotency.c.scope)).scalar_one() == f"{AWKWARD}+one+two"


def test_no_rows_are_no_statement(connection: Connection) -> None:
    writes = Writes()

    writes.insert(tables.idempotency, [])
    writes.update(tables.idempotency, [], columns=["answer"])
    writes.send(connection)

    assert connection.execute(select(tables.idempotency)).all() == []


def test_money_keeps_every_digit() -> None:
    assert to_json([{"usd": Decimal("1E-12")}]) == '[{"usd":"0.000000000001"}]'


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError):
        to_json([object()])

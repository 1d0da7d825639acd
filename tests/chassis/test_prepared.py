"""Statements that are kept prepared: the same rows, and a row that is there already stays as it is."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from chassis import tables
from chassis.ids import new_id
from chassis.prepared import execute, insert_unless_there

AWKWARD = 'Äpfel "5" \\ : :rows %s %(x)s \n\t 🍏'


@pytest.fixture
def connection(engine_for: Any) -> Any:
    engine: Engine = engine_for("billing")
    with engine.begin() as connection:
        yield connection


def _row(**changes: Any) -> dict[str, Any]:
    row = {
        "account_id": new_id(),
        "scope": AWKWARD,
        "request_id": new_id(),
        "request_hash": bytes(range(256)),
    }
    return row | changes


def _kept(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    columns = [tables.idempotency.c[name] for name in row]
    found = connection.execute(
        select(*columns).where(tables.idempotency.c.request_id == row["request_id"])
    ).one()
    return {**found._mapping, "request_hash": bytes(found.request_hash)}


def test_a_row_is_inserted_as_it_is(connection: Connection) -> None:
    row = _row()

    assert insert_unless_there(connection, tables.idempotency, row)

    assert _kept(connection, row) == row


def test_a_row_that_is_there_stays_as_it_is(connection: Connection) -> None:
    row = _row()
    insert_unless_there(connection, tables.idempotency, row)

    assert not insert_unless_there(connection, tables.idempotency, row | {"request_hash": b"another"})

    assert _kept(connection, row) == row


def test_values_are_parameters_at_every_use(connection: Connection) -> None:
    answers = [
        execute(
            connection, "SELECT %(text)s, %(number)s + 1", {"text": "text", "number": "int"}, values
        ).one()
        for values in ({"text": AWKWARD, "number": 1}, {"text": "'; --", "number": 41})
    ]

    assert [tuple(each) for each in answers] == [(AWKWARD, 2), ("'; --", 42)]

"""Rows read as JSON: every value comes back as it was stored, to the last digit and the last letter."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Column, Connection, DateTime, Engine, LargeBinary, Numeric, Text, Uuid

from chassis.ids import new_id
from chassis.reading import Query, Reading

AWKWARD = 'Äpfel "5" \\ : :rows %s %(x)s \n\t 🍏'
TYPES = {"id": "uuid", "at": "timestamptz", "usd": "numeric", "hash": "bytea", "name": "text"}
COLUMNS = (
    Column("id", Uuid(as_uuid=False)),
    Column("at", DateTime(timezone=True)),
    Column("usd", Numeric),
    Column("hash", LargeBinary),
    Column("name", Text),
)
ONE = Query(
    COLUMNS,
    "SELECT {columns} FROM (SELECT %(id)s AS id, %(at)s AS at, %(usd)s AS usd, %(hash)s AS hash, %(name)s AS name)",
)
NONE = Query((Column("id", Uuid(as_uuid=False)),), "SELECT {columns} FROM (SELECT %(id)s AS id) WHERE false")


@pytest.fixture
def connection(engine_for: Any) -> Iterator[Connection]:
    engine: Engine = engine_for("billing")
    with engine.connect() as connection:
        yield connection


@pytest.mark.parametrize(
    "row",
    [
        {
            "id": new_id(),
            "at": datetime(2026, 11, 2, 9, 0, 0, 120007, tzinfo=UTC),
            "usd": Decimal("12345678901234567890.000000000000000000012"),
            "hash": bytes(range(256)),
            "name": AWKWARD,
        },
        {"id": None, "at": None, "usd": None, "hash": None, "name": None},
        {
            "id": new_id(),
            "at": datetime(2026, 11, 2, 9, tzinfo=UTC),
            "usd": Decimal("1E-12"),
            "hash": b"",
            "name": "",
        },
    ],
)
def test_values_come_back_as_they_were(connection: Connection, row: dict[str, Any]) -> None:
    found = Reading({"one": ONE, "none": NONE}, TYPES).read(connection, row)

    assert found == {"one": [row], "none": []}


def test_the_second_time_the_statement_is_prepared_already(connection: Connection) -> None:
    reading = Reading({"one": ONE}, TYPES)
    row = {"id": new_id(), "at": None, "usd": Decimal(1), "hash": b"x", "name": "a"}

    reading.read(connection, row)
    reading.read(connection, row)

    prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements").scalar_one()
    assert prepared == len(connection.info["igny8.prepared"]) >= 1


def test_a_statement_that_was_rolled_back_is_still_prepared(connection: Connection) -> None:
    reading = Reading({"none": NONE}, {"id": "uuid"})
    reading.read(connection, {"id": new_id()})

    connection.rollback()

    assert reading.read(connection, {"id": new_id()}) == {"none": []}


def test_a_connection_that_was_lost_prepares_anew(connection: Connection) -> None:
    reading = Reading({"none": NONE}, {"id": "uuid"})
    reading.read(connection, {"id": new_id()})

    connection.invalidate()
    connection.rollback()

    assert reading.read(connection, {"id": new_id()}) == {"none": []}


def test_what_comes_first_is_done_before_anything_is_read(connection: Connection) -> None:
    seen = Query(
        (Column("name", Text),), "SELECT {columns} FROM (SELECT current_setting('lock_timeout') AS name)"
    )
    first = "SELECT set_config('lock_timeout', %(name)s, true)"

    found = Reading({"seen": seen}, {"name": "text"}, first=first).read(connection, {"name": "77ms"})

    assert found == {"seen": [{"name": "77ms"}]}

"""Writing many rows with one statement and one parameter: a list of nouns or mappings as JSON, read by PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast

import orjson
from sqlalchemy import Column, Connection, Table, TextClause, text
from sqlalchemy.dialects import postgresql

_DIALECT = cast(Any, postgresql).dialect()


def to_json(rows: Iterable[object]) -> str:
    """The rows as one JSON array: dataclasses or mappings by their fields, amounts of money to the last digit."""
    return orjson.dumps(list(rows), default=_plain).decode()


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[object],
    *,
    computed: tuple[tuple[str, str], ...] = (),
) -> None:
    """Inserts the rows, whose fields are the table's columns by name; a column that none has gets its default.

    `computed` are columns that follow from others, each with an SQL expression of the row `given`.
    """
    if rows:
        connection.execute(_insert(table, _columns(rows[0], table), computed), {"rows": to_json(rows)})


def update_rows(
    connection: Connection, table: Table, rows: Sequence[object], *, columns: Sequence[str]
) -> int:
    """Writes these columns of the rows, found by the table's primary key; returns how many there were."""
    if not rows:
        return 0
    return connection.execute(_update(table, tuple(columns)), {"rows": to_json(rows)}).rowcount


def recordset(columns: Iterable["Column[Any]"]) -> str:
    """The SQL of the parameter `rows` as a relation with these columns."""
    typed = ", ".join(f'"{column.name}" {column.type.compile(_DIALECT)}' for column in columns)
    return f"json_to_recordset(CAST(:rows AS json)) AS given ({typed})"


def _columns(row: object, table: Table) -> tuple[str, ...]:
    names: Iterable[str] = row if isinstance(row, Mapping) else getattr(row, "__dataclass_fields__", ())
    known = set(names)
    return tuple(column.name for column in table.c if column.name in known)


@cache
def _insert(table: Table, names: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> TextClause:
    listed = ", ".join(f'"{name}"' for name in (*names, *(name for name, _ in computed)))
    chosen = ", ".join([*(f'given."{name}"' for name in names), *(how for _, how in computed)])
    # The names are those of our own tables; every value is in the parameter.
    return text(
        f'INSERT INTO "{table.name}" ({listed}) SELECT {chosen} FROM {recordset(table.c[name] for name in names)}'  # noqa: S608
    )


@cache
def _update(table: Table, names: tuple[str, ...]) -> TextClause:
    keys = [column.name for column in table.primary_key]
    told = [table.c[name] for name in (*keys, *names)]
    sets = ", ".join(f'"{name}" = given."{name}"' for name in names)
    found = " AND ".join(f'"{table.name}"."{key}" = given."{key}"' for key in keys)
    return text(f'UPDATE "{table.name}" SET {sets} FROM {recordset(told)} WHERE {found}')  # noqa: S608


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(f"{type(value).__name__} is nothing that a row holds")

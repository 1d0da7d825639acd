"""Writing many rows with one statement and one parameter each: nouns or mappings as JSON, read by PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, cast

import orjson
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql

from chassis.prepared import prepared

_DIALECT = cast(Any, postgresql).dialect()


def to_json(rows: Iterable[object]) -> str:
    """The rows as one JSON array: dataclasses or mappings by their fields, amounts of money to the last digit."""
    return orjson.dumps(list(rows), default=_plain).decode()


class Writes:
    """Statements of many rows each, kept and then sent together: one way to the database and back for all of them."""

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._rows: list[str] = []
        self._gathered: dict[str, list[object]] = {}

    def insert(
        self,
        table: Table,
        rows: Sequence[object],
        *,
        computed: tuple[tuple[str, str], ...] = (),
        unless_there: bool = False,
    ) -> None:
        """Inserts the rows, whose fields are the table's columns by name; a column that none has gets its default.

        `computed` are columns that follow from others, each with an SQL expression of the row `given`. With
        `unless_there` a row stays as it is where one is there with the same key.
        """
        if rows:
            statement = _insert(table, _columns(rows[0], table), computed)
            self._add(f"{statement} ON CONFLICT DO NOTHING" if unless_there else statement, rows)

    def update(self, table: Table, rows: Sequence[object], *, columns: Sequence[str]) -> None:
        """Writes these columns of the rows, found by the table's primary key."""
        if rows:
            self._add(_update(table, tuple(columns)), rows)

    def gather(self, statement: str, row: object) -> None:
        """Carries a statement out once for all rows gathered for it, after everything else.

        It reads them from a `recordset`, and has to be the same text each time.
        """
        self._gathered.setdefault(statement, []).append(row)

    def send(self, connection: Connection) -> None:
        """Carries out everything so far, in the order it came, in the connection's transaction."""
        gathered, self._gathered = self._gathered, {}
        for statement, rows in gathered.items():
            self._add(statement, rows)
        if not self._statements:
            return
        together = "; ".join(
            prepared(connection, statement, {"rows": "json"}).replace("%(rows)s", f"%(rows{number})s")
            for number, statement in enumerate(self._statements)
        )
        parameters = {f"rows{number}": rows for number, rows in enumerate(self._rows)}
        self._statements, self._rows = [], []
        connection.exec_driver_sql(together, parameters)

    def _add(self, statement: str, rows: Sequence[object]) -> None:
        self._statements.append(statement)
        self._rows.append(to_json(rows))


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[object], *, unless_there: bool = False
) -> None:
    """`Writes.insert`, sent at once."""
    writes = Writes()
    writes.insert(table, rows, unless_there=unless_there)
    writes.send(connection)


def update_rows(
    connection: Connection, table: Table, rows: Sequence[object], *, columns: Sequence[str]
) -> None:
    """`Writes.update`, sent at once."""
    writes = Writes()
    writes.update(table, rows, columns=columns)
    writes.send(connection)


def recordset(columns: Iterable["Column[Any]"], *, name: str = "rows") -> str:
    """The SQL of a parameter, rows as `to_json` writes them, as the relation `given` with these columns."""
    typed = ", ".join(f'"{column.name}" {column.type.compile(_DIALECT)}' for column in columns)
    return f"json_to_recordset(CAST(%({name})s AS json)) AS given ({typed})"


def _columns(row: object, table: Table) -> tuple[str, ...]:
    names: Iterable[str] = row if isinstance(row, Mapping) else getattr(row, "__dataclass_fields__", ())
    return _known(tuple(names), table)


@cache
def _known(names: tuple[str, ...], table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c if column.name in names)


# The names in the statements are those of our own tables; every value is in a parameter.
@cache
def _insert(table: Table, names: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> str:
    listed = ", ".join(f'"{name}"' for name in (*names, *(name for name, _ in computed)))
    chosen = ", ".join([*(f'given."{name}"' for name in names), *(how for _, how in computed)])
    return f'INSERT INTO "{table.name}" ({listed}) SELECT {chosen} FROM {recordset(table.c[name] for name in names)}'  # noqa: S608


@cache
def _update(table: Table, names: tuple[str, ...]) -> str:
    keys = [column.name for column in table.primary_key]
    told = [table.c[name] for name in (*keys, *names)]
    sets = ", ".join(f'"{name}" = given."{name}"' for name in names)
    found = " AND ".join(f'"{table.name}"."{key}" = given."{key}"' for key in keys)
    return f'UPDATE "{table.name}" SET {sets} FROM {recordset(told)} WHERE {found}'  # noqa: S608


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(f"{type(value).__name__} is nothing that a row holds")

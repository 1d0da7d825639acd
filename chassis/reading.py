"""Reading rows of several tables with one statement: the rows of each query come as one JSON array."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Final

import orjson
from sqlalchemy import Column, Connection, DateTime, LargeBinary, Numeric

from chassis.prepared import BY_KEYS, WAYS, prepared

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Query:
    """`sql` is a SELECT of `{columns}`, which are exactly these; its parameters are named like `%(name)s`."""

    columns: "tuple[Column[Any], ...]"
    sql: str

    @property
    def text(self) -> str:
        """The SELECT, with amounts of money as text, so that JSON loses no digit of them."""
        listed = ", ".join(
            f'"{column.name}"::text AS "{column.name}"'
            if isinstance(column.type, Numeric)
            else f'"{column.name}"'
            for column in self.columns
        )
        return self.sql.replace("{columns}", listed)

    def rows(self, found: Iterable[dict[str, Any]] | None) -> Rows:
        """The rows with values as SQLAlchemy gives them: instants, amounts of money, bytes."""
        rows = list(found or ())
        for name, convert in _converters(self.columns):
            for row in rows:
                if row[name] is not None:
                    row[name] = convert(row[name])
        return rows


@dataclass(frozen=True)
class Reading:
    """Queries that are read together, from one snapshot, by name; each finds its rows by an index.

    From then on the transaction looks everything up by indexes, until its end or `plan_freely`.
    """

    queries: Mapping[str, Query]
    types: Mapping[str, str]
    """The SQL types of the parameters."""

    common: str = ""
    """A WITH clause that all of them see."""

    first: str = ""
    """A statement before them whose rows nobody needs, for example to lock: the queries see what it waits for."""

    def read(self, connection: Connection, parameters: Mapping[str, Any]) -> dict[str, Rows]:
        """The rows of each query."""
        executed = "; ".join([BY_KEYS, *self.statements(connection)])
        found = orjson.loads(connection.exec_driver_sql(executed, dict(parameters)).scalar_one())
        return {name: query.rows(found[name]) for name, query in self.queries.items()}

    def statements(self, connection: Connection) -> list[str]:
        """What is executed for a read, with the parameters by name: the first statement, where there is one, and all queries."""
        return [prepared(connection, statement, types) for statement, types in self._statements]

    @cached_property
    def _statements(self) -> list[tuple[str, dict[str, str]]]:
        """Both statements, each with the types of the parameters that it has."""
        # They are our own; every value is in a parameter.
        arrays = ", ".join(
            f"'{name}', (SELECT json_agg(part) FROM ({query.text}) AS part)"  # noqa: S608
            for name, query in self.queries.items()
        )
        together = f"{self.common} SELECT json_build_object({arrays})::text"
        return [
            (
                statement,
                {name: kind for name, kind in self.types.items() if f"%({name})s" in statement},
            )
            for statement in (self.first, together)
            if statement
        ]


def plan_freely(connection: Connection) -> None:
    """What follows a `Reading` in its transaction may read whole tables again, because it asks about many rows."""
    connection.exec_driver_sql("; ".join(f"SET LOCAL {way} TO DEFAULT" for way in WAYS))


@cache
def _converters(columns: "tuple[Column[Any], ...]") -> tuple[tuple[str, Callable[[str], Any]], ...]:
    return tuple(
        (column.name, convert)
        for column in columns
        for kind, convert in _CONVERTERS
        if isinstance(column.type, kind)
    )


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("\\x"))


_CONVERTERS: Final[tuple[tuple[type, Callable[[str], Any]], ...]] = (
    (DateTime, datetime.fromisoformat),
    (Numeric, Decimal),
    (LargeBinary, _bytes),
)

"""Statements that a connection keeps prepared, so that PostgreSQL parses and plans each once and not at every use."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final, cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

WAYS: Final = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
"""How PostgreSQL may read tables from end to end."""

BY_KEYS: Final = "; ".join(f"SET LOCAL {way} = off" for way in WAYS)
"""A prepared statement is planned once, maybe while a table is empty, where reading all of it is cheapest. That plan
would stay while the table grows, until it is next analysed."""

IN_ORDER: Final = f"{BY_KEYS}; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
"""Of two indexes that both find the rows, one has them in the order that is asked for; while a table is small, the other
may look as cheap."""

_PREPARED: Final = "igny8.prepared"
_DIALECT = cast(Any, postgresql).dialect()


def prepared(connection: Connection, statement: str, types: Mapping[str, str]) -> str:
    """The EXECUTE of the statement, with the same parameters `%(name)s`, whose SQL types are given by name.

    The first use on a connection prepares it. Only for statements of which there are few: each stays as long as its
    connection, which must be one to the server itself or to a pooler of whole sessions.
    """
    known: dict[str, str] = connection.info.setdefault(_PREPARED, {})
    execute = known.get(statement)
    if execute is None:
        name = f"igny8_{len(known)}"
        body = statement
        for number, parameter in enumerate(types, start=1):
            body = body.replace(f"%({parameter})s", f"${number}")
        # A way of its own: were it sent with the EXECUTE, nobody would know after a failure which of them failed.
        connection.exec_driver_sql(f"PREPARE {name}{_listed(types.values())} AS {body}")
        given = (f"%({parameter})s::{kind}" for parameter, kind in types.items())
        execute = known[statement] = f"EXECUTE {name}{_listed(given)}"
    return execute


def execute(
    connection: Connection, statement: str, types: Mapping[str, str], parameters: Mapping[str, Any]
) -> Any:
    """The result of a statement that is kept prepared: a third of the time of one that SQLAlchemy puts together."""
    return connection.exec_driver_sql(prepared(connection, statement, types), dict(parameters))


def execute_in_order(
    connection: Connection, statement: str, types: Mapping[str, str], parameters: Mapping[str, Any]
) -> Any:
    """As `execute`, for a statement that finds its rows by indexes that have them in the order it asks for, in tables
    that grow; so does, from then on, all that its transaction asks for."""
    asked = f"{IN_ORDER}; {prepared(connection, statement, types)}"
    return connection.exec_driver_sql(asked, dict(parameters))


def insert_unless_there(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts a row, unless one is there with the same key; returns whether it did."""
    statement, types = _insert(table, tuple(row))
    return int(execute(connection, statement, types, row).rowcount) == 1


# The names in the statement are those of our own tables; every value is in a parameter.
@cache
def _insert(table: Table, names: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(f"%({name})s" for name in names)
    statement = f'INSERT INTO "{table.name}" ({listed}) VALUES ({values}) ON CONFLICT DO NOTHING'  # noqa: S608
    return statement, {name: table.c[name].type.compile(_DIALECT) for name in names}


def _listed(parts: Iterable[str]) -> str:
    """PostgreSQL wants no parentheses where there is nothing in them."""
    listed = ", ".join(parts)
    return f"({listed})" if listed else ""

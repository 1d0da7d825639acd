"""Statements that a connection keeps prepared, so that PostgreSQL parses and plans each once and not at every use."""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

_PREPARED: Final = "igny8.prepared"


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


def _listed(parts: Iterable[str]) -> str:
    """PostgreSQL wants no parentheses where there is nothing in them."""
    listed = ", ".join(parts)
    return f"({listed})" if listed else ""

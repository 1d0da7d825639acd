"""One check: a sentence that must hold, and a query that finds the rows for which it does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class, named like a module
from psycopg2.extras import RealDictCursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`invariant` is the number in product.md section 6. `bad_rows` selects only rows that break the sentence."""

    invariant: int
    name: str
    says: str
    bad_rows: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """How a check ended. `first_bad_row` is None when the sentence holds."""

    check: Check
    bad_rows: int
    first_bad_row: dict[str, Any] | None

    @property
    def holds(self) -> bool:
        return self.bad_rows == 0


def run(checks: Sequence[Check], dsn: str) -> list[Finding]:
    """Runs every check on one snapshot of the database at `dsn`, a libpq URI of a role that reads all four schemas.

    One snapshot, because services may be at work: what one of them commits in between would look like a fault.
    Raises psycopg2.Error.
    """
    connection = psycopg2.connect(dsn, connect_timeout=5)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return run_on(connection, checks)
    finally:
        connection.close()


def run_on(connection: Connection, checks: Sequence[Check]) -> list[Finding]:
    """Runs every check in the transaction that the connection is in. Raises psycopg2.Error."""
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        return [_run_one(cursor, check) for check in checks]


def _run_one(cursor: RealDictCursor, check: Check) -> Finding:
    query = sql.SQL("SELECT count(*) OVER () AS bad_rows, bad.* FROM ({}) AS bad LIMIT 1")
    cursor.execute(query.format(sql.SQL(check.bad_rows)))
    row = cursor.fetchone()
    if row is None:
        return Finding(check=check, bad_rows=0, first_bad_row=None)
    found: dict[str, Any] = dict(row)
    return Finding(check=check, bad_rows=int(found.pop("bad_rows")), first_bad_row=found)

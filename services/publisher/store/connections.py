"""The connections of sites, their secrets sealed."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects import postgresql

from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Connection, ConnectionStatus
from services.publisher.domain.target import Target
from services.publisher.store import tables_beside
from services.publisher.store.rows import columns_of, from_row, to_row

_connection = tables_beside.connection
_COLUMNS = columns_of(Connection, _connection)


class Connections:
    """Connections in the schema `publisher`, one per site. Locked after publications, or alone."""

    def __init__(self, connection: Database) -> None:
        self._connection = connection

    def find(self, site_id: str) -> Connection | None:
        """The site's connection, whoever's it is; None when it has none."""
        return self._one(_of_site(site_id))

    def hold(self, site_id: str) -> Connection | None:
        """As `find`, and nobody gives the site another one until the transaction ends; any number may hold it."""
        return self._one(_of_site(site_id).with_for_update(read=True))

    def lock(self, site_id: str) -> Connection | None:
        """As `find`, locked until the transaction ends."""
        return self._one(_of_site(site_id).with_for_update())

    def put(self, connection: Connection) -> None:
        """Saves it in the place of the one before."""
        row = to_row(connection)
        statement = postgresql.insert(_connection).values(row)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[_connection.c.site_id], set_=row)
        )

    def remove(self, site_id: str) -> None:
        self._connection.execute(delete(_connection).where(_connection.c.site_id == site_id))

    def sealed_by_others(self, key_id: str, *, known: Collection[str], limit: int) -> list[Connection]:
        """Connections that are sealed under a known key other than `key_id`, locked until the transaction ends."""
        query = (
            select(*_COLUMNS)
            .where(_connection.c.key_id.in_(set(known) - {key_id}))
            .order_by(_connection.c.site_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_of(row) for row in self._connection.execute(query)]

    def count_by_key(self) -> dict[str, int]:
        """How many connections are sealed under each key of the ring."""
        query = select(_connection.c.key_id, func.count()).group_by(_connection.c.key_id)
        return {row.key_id: row[1] for row in self._connection.execute(query)}

    def _one(self, query: Any) -> Connection | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _of(row)


def _of_site(site_id: str) -> Any:
    return select(*_COLUMNS).where(_connection.c.site_id == site_id)


def _of(row: Row[Any]) -> Connection:
    found = from_row(Connection, row, target=Target, status=ConnectionStatus, cause=Cause)
    # The driver gives a view of its own buffer.
    return replace(found, sealed=bytes(found.sealed))

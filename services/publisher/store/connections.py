"""The connections of sites, their secrets sealed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Database
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import postgresql

from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Connection, ConnectionStatus
from services.publisher.domain.target import Target
from services.publisher.store import tables
from services.publisher.store.rows import columns_of, to_row

_connection = tables.connection
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

    def lock_due_for_reading(
        self, targets: Collection[Target], *, limit: int, now: datetime
    ) -> list[tuple[Connection, str | None]]:
        """Connections that work and whose publications are to be looked at, and after which one; passed over by others."""
        query = (
            select(*_COLUMNS, _connection.c.read_back_after)
            .where(
                _connection.c.target.in_([target.value for target in targets]),
                _connection.c.status == ConnectionStatus.CONNECTED.value,
                or_(_connection.c.read_back_due_at.is_(None), _connection.c.read_back_due_at <= now),
            )
            .order_by(_connection.c.read_back_due_at.asc().nulls_first(), _connection.c.site_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        found = []
        for row in self._connection.execute(query):
            values = dict(row._mapping)
            after = values.pop("read_back_after")
            found.append((_of(values), after))
        return found

    def save_reading(self, site_id: str, *, after: str | None, due_at: datetime) -> None:
        """Where the next look goes on, and when."""
        self._connection.execute(
            update(_connection)
            .where(_connection.c.site_id == site_id)
            .values(read_back_after=after, read_back_due_at=due_at)
        )

    def sealed_by_others(self, key_id: str, *, known: Collection[str], limit: int) -> list[Connection]:
        """Connections that are sealed under a known key other than `key_id`, locked until the transaction ends."""
        query = (
            select(*_COLUMNS)
            .where(_connection.c.key_id.in_(set(known) - {key_id}))
            .order_by(_connection.c.site_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_of(row._mapping) for row in self._connection.execute(query)]

    def count_by_key(self) -> dict[str, int]:
        """How many connections are sealed under each key of the ring."""
        query = select(_connection.c.key_id, func.count()).group_by(_connection.c.key_id)
        return {row.key_id: row[1] for row in self._connection.execute(query)}

    def _one(self, query: Any) -> Connection | None:
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _of(row._mapping)


def _of_site(site_id: str) -> Any:
    return select(*_COLUMNS).where(_connection.c.site_id == site_id)


def _of(row: Mapping[Any, Any]) -> Connection:
    words = {
        "target": Target(row["target"]),
        "status": ConnectionStatus(row["status"]),
        "cause": Cause(row["cause"]) if row["cause"] else None,
        # The driver gives a view of its own buffer.
        "sealed": bytes(row["sealed"]),
    }
    return Connection(**{**row, **words})

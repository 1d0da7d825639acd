"""Secret addresses of calendars."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql

from services.publisher.domain.calendar_feed import CalendarFeed
from services.publisher.store import tables

_feed = tables.calendar_feed


class Feeds:
    """Calendar feeds in the schema `publisher`, at most one a site."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, feed: CalendarFeed) -> None:
        """Writes the feed of a site; the one before ends."""
        row = asdict(feed)
        write = postgresql.insert(_feed).values(row)
        self._connection.execute(write.on_conflict_do_update(index_elements=["site_id"], set_=row))

    def of_site(self, site_id: str) -> CalendarFeed | None:
        return _of(self._connection.execute(select(_feed).where(_feed.c.site_id == site_id)).one_or_none())

    def by_hash(self, secret_hash: str) -> CalendarFeed | None:
        query = select(_feed).where(_feed.c.secret_hash == secret_hash)
        return _of(self._connection.execute(query).one_or_none())

    def remove(self, site_id: str) -> None:
        self._connection.execute(delete(_feed).where(_feed.c.site_id == site_id))


def _of(row: Row[Any] | None) -> CalendarFeed | None:
    return None if row is None else CalendarFeed(**row._mapping)

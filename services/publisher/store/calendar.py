"""What stands on a site's calendar, and what is due."""

import sys
from array import array
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, LargeBinary, func, null, select, update

from chassis.bulk import update_rows
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.store import tables
from services.publisher.store.content import COLUMNS, content_of
from services.publisher.store.rows import among, to_row

_content = tables.content
_SCHEDULED = _content.c.site_status == SiteStatus.SCHEDULED.value
_MOVED = (
    "status",
    "review_note",
    "site_status",
    "publish_error",
    "scheduled_publish_at",
    "published_at",
    "published_version",
    "external_id",
    "external_url",
    "updated_at",
)
"""What reviewing and delivering change; the text stays."""


class Calendar:
    """The times of content in the schema `publisher`. Whoever takes a slot holds the lock of the site's settings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def occupied(self, site_id: str, *, since: datetime, without: Iterable[str] = ()) -> Occupied:
        """The places of all that is scheduled, on its way or published from `since` on, but for these contents.

        A place is the planned instant, not that of the publication: what was delivered late takes nothing of the next day.
        """
        # As one run of their eight bytes each: as an array of texts, thousands of them take five times as long to be read.
        query = select(
            func.string_agg(func.timestamptz_send(_content.c.calendar_at), b"", type_=LargeBinary)
        ).where(
            _content.c.site_id == site_id,
            _content.c.calendar_at >= since,
            _content.c.site_status != SiteStatus.FAILED.value,
        )
        left_out = list(without)
        if left_out:
            query = query.where(_content.c.id.not_in(left_out))
        return _occupied_of(self._connection.execute(query).scalar_one() or b"")

    def count_scheduled(self, site_id: str) -> int:
        """How many contents of the site have a time to come or to be caught up with."""
        query = select(func.count()).where(_content.c.site_id == site_id, _SCHEDULED)
        return int(self._connection.execute(query).scalar_one())

    def lock_scheduled(
        self,
        site_id: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        ids: Collection[str] | None = None,
        limit: int,
    ) -> list[Content]:
        """The site's scheduled content from `start` to before `end`, or of these ids, locked by its id, in time order."""
        at = _content.c.scheduled_publish_at
        query = select(*COLUMNS).where(_content.c.site_id == site_id, _SCHEDULED)
        if start is not None:
            query = query.where(at >= start)
        if end is not None:
            query = query.where(at < end)
        if ids is not None:
            query = query.where(_content.c.id.in_(ids))
        locked = self._connection.execute(query.order_by(_content.c.id).limit(limit).with_for_update())
        return sorted(map(content_of, locked), key=_by_time)

    def save(self, content: Content) -> None:
        """Writes what reviewing and delivering move, never the text."""
        row = to_row(content)
        self._connection.execute(
            update(_content).where(_content.c.id == content.id).values({name: row[name] for name in _MOVED})
        )

    def save_all(self, contents: Sequence[Content]) -> None:
        """As `save`, with one statement for all."""
        rows = map(to_row, contents)
        moved = [{name: row[name] for name in ("id", *_MOVED)} for row in rows]
        update_rows(self._connection, _content, moved, columns=_MOVED)

    def forget_limits(self, contents: Iterable[Content]) -> None:
        """These were given their times whatever the limits say."""
        ids = [content.id for content in contents]
        self._connection.execute(
            update(_content).where(among(_content.c.id, ids)).values(booked_under=null())
        )

    def first_due_at(self, *, without: Sequence[str] = ()) -> datetime | None:
        """The earliest planned time of all sites but these, past or to come."""
        earliest: datetime | None = self._connection.execute(
            select(func.min(_content.c.scheduled_publish_at)).where(
                _SCHEDULED, ~among(_content.c.site_id, without)
            )
        ).scalar_one()
        return earliest

    def lock_due(
        self, *, after: datetime, until: datetime, without: Sequence[str] = (), limit: int
    ) -> list[Content]:
        """Content planned after `after` and until `until`, in order, but for these sites; what others are at is passed over."""
        at = _content.c.scheduled_publish_at
        query = (
            select(*COLUMNS)
            .where(_SCHEDULED, at > after, at <= until, ~among(_content.c.site_id, without))
            .order_by(at, _content.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [content_of(row) for row in self._connection.execute(query)]

    def sites_that_missed(self, *, until: datetime, limit: int) -> list[tuple[str, str]]:
        """Ids of sites, each with its account's, that have content planned until `until`."""
        query = (
            select(_content.c.site_id, _content.c.account_id)
            .where(_SCHEDULED, _content.c.scheduled_publish_at <= until)
            .group_by(_content.c.site_id, _content.c.account_id)
            .order_by(func.min(_content.c.scheduled_publish_at))
            .limit(limit)
        )
        return [(row.site_id, row.account_id) for row in self._connection.execute(query)]

    def lock_missed(self, site_id: str, *, until: datetime, limit: int) -> list[Content]:
        """The site's content planned until `until`, in order, locked after the site's calendar."""
        at = _content.c.scheduled_publish_at
        query = (
            select(*COLUMNS)
            .where(_SCHEDULED, _content.c.site_id == site_id, at <= until)
            .order_by(at, _content.c.id)
            .limit(limit)
            .with_for_update()
        )
        return [content_of(row) for row in self._connection.execute(query)]


def _occupied_of(sent: bytes) -> Occupied:
    """Of what `timestamptz_send` gave: microseconds since 2000, eight bytes each, the highest first."""
    numbers = array("q", sent)
    if sys.byteorder == "little":
        numbers.byteswap()
    return Occupied(numbers)


def _by_time(content: Content) -> tuple[datetime | None, str]:
    return content.scheduled_publish_at, content.id

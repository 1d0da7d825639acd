"""What stands on a site's calendar, and what is due."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.store import tables
from services.publisher.store.content import COLUMNS, content_of
from services.publisher.store.rows import to_row

_content = tables.content
_SCHEDULED = _content.c.site_status == SiteStatus.SCHEDULED.value
_ENTRY: tuple[ColumnElement[Any], ...] = (
    _content.c.id.label("content_id"),
    _content.c.title,
    _content.c.status,
    _content.c.site_status,
    _content.c.calendar_at.label("at"),
    _content.c.scheduled_publish_at,
    _content.c.published_at,
    _content.c.external_url,
)
_MOVED = (
    "status",
    "review_note",
    "site_status",
    "publish_error",
    "scheduled_publish_at",
    "published_at",
    "external_id",
    "external_url",
    "updated_at",
)
"""What reviewing and delivering change; the text stays."""


class Calendar:
    """The times of content in the schema `publisher`. Whoever takes a slot holds the lock of the site's settings."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def occupied(self, site_id: str, *, since: datetime, without: Iterable[str] = ()) -> list[datetime]:
        """The instants of everything scheduled, on its way or published from `since` on, but for these contents."""
        query = select(_content.c.calendar_at).where(
            _content.c.site_id == site_id,
            _content.c.calendar_at >= since,
            _content.c.site_status != SiteStatus.FAILED.value,
        )
        left_out = list(without)
        if left_out:
            query = query.where(_content.c.id.not_in(left_out))
        return list(self._connection.execute(query).scalars())

    def entries(
        self, site_id: str, *, account_id: str, start: datetime, end: datetime, limit: int
    ) -> list[CalendarEntry]:
        """What has a time from `start` to before `end`, in order."""
        query = (
            select(*_ENTRY)
            .where(
                _content.c.site_id == site_id,
                _content.c.account_id == account_id,
                _content.c.calendar_at >= start,
                _content.c.calendar_at < end,
            )
            .order_by(_content.c.calendar_at, _content.c.id)
            .limit(limit)
        )
        return [_entry_of(row) for row in self._connection.execute(query)]

    def unscheduled(self, site_id: str, *, account_id: str, limit: int) -> list[CalendarEntry]:
        """What is approved and has no time, oldest first."""
        query = (
            select(*_ENTRY)
            .where(
                _content.c.site_id == site_id,
                _content.c.account_id == account_id,
                _content.c.status == ContentStatus.APPROVED.value,
                _content.c.site_status == SiteStatus.NOT_PUBLISHED.value,
            )
            .order_by(_content.c.id)
            .limit(limit)
        )
        return [_entry_of(row) for row in self._connection.execute(query)]

    def save(self, content: Content) -> None:
        """Writes what reviewing and delivering move, never the text."""
        row = to_row(content)
        self._connection.execute(
            update(_content).where(_content.c.id == content.id).values({name: row[name] for name in _MOVED})
        )

    def first_due_at(self) -> datetime | None:
        """The earliest planned time of all sites, past or to come."""
        earliest: datetime | None = self._connection.execute(
            select(func.min(_content.c.scheduled_publish_at)).where(_SCHEDULED)
        ).scalar_one()
        return earliest

    def lock_due(self, *, after: datetime, until: datetime, limit: int) -> list[Content]:
        """Content planned after `after` and until `until`, in order; what others are at is passed over."""
        at = _content.c.scheduled_publish_at
        query = (
            select(*COLUMNS)
            .where(_SCHEDULED, at > after, at <= until)
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


def _entry_of(row: Row[Any]) -> CalendarEntry:
    values = dict(row._mapping)
    return CalendarEntry(
        **values
        | {"status": ContentStatus(values["status"]), "site_status": SiteStatus(values["site_status"])}
    )

"""What a site's calendar shows, read by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import Connection

from chassis.prepared import execute_in_order
from chassis.refusal import NotFound
from chassis.remembered import Remembered
from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.content import ContentStatus, SiteStatus

ENTRY_BYTES: Final = 600
"""What an entry takes beside its line."""

REMEMBERED_BYTES_MAX: Final = 24_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one statement found: the rules that a calendar tells of, its entries, and what counts beside them.

    `taken_beside` are the instants (UTC) of all that is scheduled, on its way or published in the 32 days before the
    range and after it.
    """

    time_zone: str
    daily_limit: int | None
    weekly_limit: int | None
    monthly_limit: int | None
    entries: list[CalendarEntry]
    unscheduled: list[CalendarEntry]
    overdue: list[CalendarEntry]
    taken_beside: list[datetime]


class CalendarEntries:
    """Content of the schema `publisher` as calendars show it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def between(
        self, site_id: str, *, account_id: str, start: datetime, end: datetime, limit: int
    ) -> list[CalendarEntry]:
        """What has a time from `start` to before `end`, in order."""
        parameters = {
            "site_id": site_id,
            "account_id": account_id,
            "start": start,
            "until": end,
            "entries_max": limit,
        }
        found = execute_in_order(self._connection, _ENTRIES, _ENTRIES_TYPES, parameters)
        return _entries(found.scalar_one())

    def shown(
        self,
        site_id: str,
        *,
        account_id: str,
        start: datetime,
        end: datetime,
        late: datetime,
        limit: int,
        limit_beside: int,
    ) -> Shown:
        """As `between`, with what is approved and has no time, oldest first, and what is still scheduled for a time until
        `late`, in order, at most `limit_beside` of each. Raises NotFound for the site."""
        parameters = {
            "site_id": site_id,
            "account_id": account_id,
            "start": start,
            "until": end,
            "late": late,
            "entries_max": limit,
            "beside_max": limit_beside,
        }
        found = execute_in_order(self._connection, _SHOWN, _SHOWN_TYPES, parameters).one_or_none()
        if found is None:
            raise NotFound(kind="site", id=site_id)
        time_zone, daily, weekly, monthly, entries, unscheduled, overdue, taken_beside = found
        return Shown(
            time_zone=time_zone,
            daily_limit=daily,
            weekly_limit=weekly,
            monthly_limit=monthly,
            entries=_entries(entries),
            unscheduled=_entries(unscheduled),
            overdue=_entries(overdue),
            taken_beside=taken_beside or [],
        )


def _entries(lines: str | None) -> list[CalendarEntry]:
    # Not by splitlines, which also splits at characters that JSON leaves in its strings.
    return _REMEMBERED.each(lines.split("\n")) if lines else []


def _entry_of(line: str) -> CalendarEntry:
    id, title, status, site_status, at, planned, out, url, updated = orjson.loads(line)
    return CalendarEntry(
        id,
        title,
        _STATUS[status],
        _SITE_STATUS[site_status],
        datetime.fromisoformat(at) if at else None,
        datetime.fromisoformat(planned) if planned else None,
        datetime.fromisoformat(out) if out else None,
        url,
        datetime.fromisoformat(updated),
    )


_STATUS: Final = {each.value: each for each in ContentStatus}
_SITE_STATUS: Final = {each.value: each for each in SiteStatus}
_REMEMBERED: Final = Remembered(
    _entry_of, weigh=lambda line, _: len(line) + ENTRY_BYTES, weight_max=REMEMBERED_BYTES_MAX
)
"""An entry is the same as long as nothing of its row has changed, of which its line has everything that it shows."""

_LINES: Final = """(
    SELECT string_agg(concat('["', id, '",', to_json(title), ',"', status, '","', site_status, '","', calendar_at, '","',
        scheduled_publish_at, '","', published_at, '",', to_json(external_url), ',"', updated_at, '"]'), E'\\n')
    FROM ({rows}) AS shown
)"""
"""Rows of content as one text, a line of JSON each, no time as an empty one. Rows of columns would take as long to be
read as all the rest of a calendar, and an array of lines twice as long as the lines."""

_BETWEEN: Final = """
    SELECT * FROM content
    WHERE site_id = %(site_id)s AND account_id = %(account_id)s AND calendar_at >= %(start)s AND calendar_at < %(until)s
    ORDER BY calendar_at, id LIMIT %(entries_max)s"""

_UNSCHEDULED: Final = """
    SELECT * FROM content
    WHERE site_id = %(site_id)s AND account_id = %(account_id)s AND status = 'approved' AND site_status = 'not_published'
    ORDER BY id LIMIT %(beside_max)s"""

# Where scheduled content stands on the calendar, but of an index without all that was published.
_OVERDUE: Final = """
    SELECT * FROM content
    WHERE site_id = %(site_id)s AND account_id = %(account_id)s AND site_status = 'scheduled'
        AND scheduled_publish_at <= %(late)s
    ORDER BY scheduled_publish_at, id LIMIT %(beside_max)s"""

_TAKEN: Final = """(
    SELECT array_agg(calendar_at) FROM (
        SELECT calendar_at FROM content
        WHERE site_id = %(site_id)s AND site_status <> 'failed' AND {range} ORDER BY calendar_at, id
    ) AS taken
)"""

# Each is a range of the index that has this order: PostgreSQL could plan to read another, with all that the site has.
_TAKEN_BESIDE: Final = " || ".join(
    _TAKEN.replace("{range}", each)
    for each in (
        "calendar_at >= %(start)s - interval '32 days' AND calendar_at < %(start)s",
        "calendar_at >= %(until)s AND calendar_at < %(until)s + interval '32 days'",
    )
)


def _lines(rows: str) -> str:
    return _LINES.replace("{rows}", rows)


_ENTRIES: Final = f"SELECT {_lines(_BETWEEN)}"
_ENTRIES_TYPES: Final = {
    "site_id": "uuid",
    "account_id": "uuid",
    "start": "timestamptz",
    "until": "timestamptz",
    "entries_max": "integer",
}

_SHOWN: Final = ", ".join(
    (
        "SELECT time_zone, daily_limit, weekly_limit, monthly_limit",
        _lines(_BETWEEN),
        _lines(_UNSCHEDULED),
        _lines(_OVERDUE),
        f"{_TAKEN_BESIDE} FROM publishing_settings WHERE site_id = %(site_id)s AND account_id = %(account_id)s",
    )
)
_SHOWN_TYPES: Final = {**_ENTRIES_TYPES, "late": "timestamptz", "beside_max": "integer"}

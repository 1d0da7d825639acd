"""The calendar of a site: reading it, and giving content a time or taking it away."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from chassis.refusal import FieldFault, NotFound, RequestInvalid, StateConflict
from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.events import ContentScheduled, ContentUnscheduled
from services.publisher.domain.local_time import clock_of, to_utc
from services.publisher.domain.schedule.checks import check_times
from services.publisher.domain.schedule.explanation import Explanation, explain
from services.publisher.domain.schedule.limits import Counts, month_of, week_of
from services.publisher.domain.schedule.slots import HORIZON_DAYS, Slot, next_free_slot, next_free_slots
from services.publisher.store.calendar_entries import Shown
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import LockedCalendar, book, lock_calendar, occupied
from services.publisher.usecases.delivering import LATE_SECONDS

RANGE_DAYS_MAX: Final = 400
ENTRIES_MAX: Final = 5_000
UNSCHEDULED_MAX: Final = 200
PAST_DAYS_SHOWN: Final = 30
COMING_DAYS_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRange:
    """A site's calendar from an instant to another, on the site's clock and with its limits.

    `overdue` is what should have gone out and did not, whatever the range; `counts` what counts against the limits
    of each day, week and month that the range touches.
    """

    time_zone: str
    daily_limit: int | None
    weekly_limit: int | None
    monthly_limit: int | None
    entries: list[CalendarEntry]
    unscheduled: list[CalendarEntry]
    overdue: list[CalendarEntry]
    counts: Counts


def get_calendar(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> CalendarRange:
    """What has a time from `start` to before `end`, and what is approved without one.

    Without a start it begins 30 days ago, or 90 days before a given end; without an end it ends in 60 days, or 90
    days after a given start. Raises NotFound, and RequestInvalid for a range that is empty, longer than 400 days
    or holds more than 5,000 entries.
    """
    start, end = _range(start, end, now)
    shown = tx.calendar_entries.shown(
        site_id,
        account_id=account_id,
        start=start,
        end=end,
        late=now - timedelta(seconds=LATE_SECONDS),
        limit=ENTRIES_MAX + 1,
        limit_beside=UNSCHEDULED_MAX,
    )
    if len(shown.entries) > ENTRIES_MAX:
        raise RequestInvalid(
            FieldFault("to", f"leaves more than {ENTRIES_MAX:,} entries; ask for fewer days")
        )
    return CalendarRange(
        time_zone=shown.time_zone,
        daily_limit=shown.daily_limit,
        weekly_limit=shown.weekly_limit,
        monthly_limit=shown.monthly_limit,
        entries=shown.entries,
        unscheduled=shown.unscheduled,
        overdue=shown.overdue,
        counts=_counts(shown, start, end),
    )


def preview_schedule(
    tx: PublisherTransaction, *, site_id: str, account_id: str, count: int, now: datetime
) -> list[Slot]:
    """The next `count` (1 to 100) free slots, as approval would give them out. Raises NotFound, NoFreeSlot."""
    settings = tx.settings.get(site_id, account_id=account_id)
    return next_free_slots(settings, occupied=occupied(tx, settings, now=now), now=now, count=count)


def explain_slot(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    content_id: str,
    at: datetime | None,
    now: datetime,
) -> Explanation:
    """Why the content has its time, or what a time `at` would mean for it or, without a content, for a new one.

    Raises NotFound; StateConflict for content without a time; RequestInvalid without a content and a time, and for
    a time that is over a day in the past or twenty years to come.
    """
    settings = tx.settings.get(site_id, account_id=account_id)
    if content_id:
        content = tx.content.get(content_id, account_id=account_id)
        if content.site_id != site_id:
            raise NotFound(kind="content", id=content_id)
        at = at or content.scheduled_publish_at
        if at is None:
            raise StateConflict(
                "This content has no time. Schedule it first, or ask about a time with `at`.",
                metadata={"kind": "content", "state": content.site_status.value},
            )
    if at is None:
        raise RequestInvalid(FieldFault("at", "is needed when no content_id is given"))
    if not now - timedelta(days=1) <= at <= now + timedelta(days=HORIZON_DAYS):
        raise RequestInvalid(FieldFault("at", "must not be in the past, nor over twenty years to come"))
    without = [content_id] if content_id else []
    return explain(settings, at, occupied=occupied(tx, settings, now=now, without=without), now=now)


def schedule(
    tx: PublisherTransaction, *, content_id: str, account_id: str, at: datetime | None, now: datetime
) -> Content:
    """Give approved content the exact time `at`, or the next free slot; what is scheduled already moves to `at`.

    Scheduled content without an `at`, or with the time it has, is left as it is. Raises NotFound, RequestInvalid for
    a time in the past, StateConflict for a time that is taken or in a full day, week or month and for content that
    is not approved or is on its way or published.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    if content.site_status is SiteStatus.SCHEDULED and at in (None, content.scheduled_publish_at):
        return content
    if at is None:
        return _take_next_slot(tx, content, calendar, now=now)
    moves = content.site_status is SiteStatus.SCHEDULED
    scheduled = content.move(at, now=now) if moves else content.schedule(at, now=now)
    check_times(calendar.settings, [at], occupied=calendar.occupied(now=now, without=[content.id]), now=now)
    return book(tx, scheduled, ContentScheduled.of(scheduled, now=now))


def unschedule(tx: PublisherTransaction, *, content_id: str, account_id: str, now: datetime) -> Content:
    """Take content off the calendar; it stays approved. Without a time it is left as it is.

    Raises NotFound, and StateConflict for what is on its way or published.
    """
    content = tx.content.lock(content_id, account_id=account_id)
    if content.status is ContentStatus.APPROVED and content.site_status is SiteStatus.NOT_PUBLISHED:
        return content
    unscheduled = content.unschedule(now=now)
    return book(tx, unscheduled, ContentUnscheduled.of(unscheduled, now=now))


def _take_next_slot(
    tx: PublisherTransaction, content: Content, calendar: LockedCalendar, *, now: datetime
) -> Content:
    # The state is judged first, so that a wrong one is not told as a full calendar.
    content.schedule(now, now=now)
    slot = next_free_slot(calendar.settings, occupied=calendar.occupied(now=now), now=now)
    scheduled = content.schedule(slot.at, now=now)
    event = ContentScheduled.of(scheduled, now=now, explanation=slot.explanation)
    return book(tx, scheduled, event)


def _counts(shown: Shown, start: datetime, end: datetime) -> Counts:
    """What counts in every day, week and month that the range touches, whole ones also where it begins inside."""
    zone = ZoneInfo(shown.time_zone)
    first, last = (at.astimezone(zone).date() for at in (start, end - timedelta(microseconds=1)))
    since = to_utc(min(month_of(first), week_of(first)), time(0), zone)
    after_month = month_of(month_of(last) + timedelta(days=31))
    until = to_utc(max(after_month, week_of(last) + timedelta(days=7)), time(0), zone)
    inside = [
        entry.at
        for entry in shown.entries
        if entry.at is not None and entry.site_status is not SiteStatus.FAILED
    ]
    beside = [at for at in shown.taken_beside if since <= at < until]
    return Counts.of(clock_of(shown.time_zone), [*inside, *beside])


def _range(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    whole = timedelta(days=PAST_DAYS_SHOWN + COMING_DAYS_SHOWN)
    try:
        if start is None:
            start = now - timedelta(days=PAST_DAYS_SHOWN) if end is None else end - whole
        if end is None:
            end = start + whole
    except OverflowError:
        raise RequestInvalid(FieldFault("from", "is outside the calendar")) from None
    if end <= start:
        raise RequestInvalid(FieldFault("to", "must be after from"))
    if end - start > timedelta(days=RANGE_DAYS_MAX):
        raise RequestInvalid(FieldFault("to", f"must be at most {RANGE_DAYS_MAX} days after from"))
    return start, end

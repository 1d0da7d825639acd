"""Moving what is on the calendar: one to another day, many by days, all to another time zone; whole or not at all."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from chassis.refusal import FieldFault, NotFound, RequestInvalid
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.events import ContentScheduled
from services.publisher.domain.local_time import to_date, to_utc
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.schedule.checks import check_times
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import LockedCalendar, book, lock_calendar, lock_site_calendar

MOVED_MAX: Final = 1_000


def move(
    tx: PublisherTransaction,
    *,
    content_id: str,
    account_id: str,
    day: date,
    clock: time | None,
    now: datetime,
) -> Content:
    """Put content on a local day of its site: at `clock`, or at the clock time it has.

    Raises NotFound; RequestInvalid for a day that makes it past, and without a clock for content that has no time;
    StateConflict for a time that is taken or in a full day, week or month, and for content that is not approved, on
    its way or published.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    zone = calendar.settings.zone
    moves = content.site_status is SiteStatus.SCHEDULED
    if clock is None and moves and content.scheduled_publish_at is not None:
        at = to_date(content.scheduled_publish_at, day, zone)
    elif clock is None:
        # The state is judged first, so that a wrong one is not told as a missing time.
        content.schedule(now, now=now)
        raise RequestInvalid(FieldFault("time", "is needed for content that has no time yet"))
    else:
        at = to_utc(day, clock, zone)
    moved = content.move(max(at, now), now=now) if moves else content.schedule(max(at, now), now=now)
    if content.scheduled_publish_at == at:
        return content
    taken = calendar.occupied(now=now, without=[content.id])
    check_times(calendar.settings, [at], occupied=taken, now=now, field="date")
    return _save(tx, moved, explanation="", now=now)


def shift(
    tx: PublisherTransaction,
    *,
    site_id: str,
    account_id: str,
    days: int,
    content_ids: Sequence[str],
    start: datetime | None,
    end: datetime | None,
    now: datetime,
) -> list[Content]:
    """Move scheduled content by local days, each keeping its clock time: these ids, or all from `start` to before `end`.

    All of them or, when one cannot, none. Raises NotFound for the site and for ids that are not of it; StateConflict
    when one is not scheduled or its new time is taken or in a full day, week or month; RequestInvalid for a
    time in the past, without ids and range, with both, and for more than 1,000.
    """
    ids = list(dict.fromkeys(content_ids))
    calendar = lock_site_calendar(tx, site_id=site_id, account_id=account_id)
    if not days:
        raise RequestInvalid(FieldFault("days", "must not be 0"))
    if bool(ids) == (start is not None or end is not None):
        raise RequestInvalid(
            FieldFault("content_ids", "or a range is needed: say which content moves, one way")
        )
    found = tx.calendar.lock_scheduled(site_id, start=start, end=end, ids=ids or None, limit=MOVED_MAX + 1)
    if len(found) > MOVED_MAX:
        raise RequestInvalid(FieldFault("to", f"leaves more than {MOVED_MAX:,} contents; ask for fewer days"))
    if missing := set(ids).difference(content.id for content in found):
        # By the state of the first of them, in the order they were asked for.
        first = next(id for id in ids if id in missing)
        content = tx.content.get(first, account_id=account_id)
        if content.site_id != site_id:
            raise NotFound(kind="content", id=first)
        content.move(now, now=now)
    zone = calendar.settings.zone

    def later(at: datetime) -> datetime:
        try:
            return to_date(at, at.astimezone(zone).date() + timedelta(days=days), zone)
        except OverflowError:
            raise RequestInvalid(FieldFault("days", "leads outside the calendar")) from None

    said = f"Moved by {days:+d} {'day' if abs(days) == 1 else 'days'} with {len(found)} in all."
    return _move_all(tx, calendar, found, later, field="days", explanation=said, now=now)


def keep_clock(
    tx: PublisherTransaction, before: PublishingSettings, after: PublishingSettings, *, now: datetime
) -> list[Content]:
    """After a change of the site's time zone, give each scheduled content its old clock time in the new zone.

    The site's calendar is locked. Raises StateConflict and RequestInvalid when one would be past or on top of another.
    """
    found = tx.calendar.lock_scheduled(before.site_id, limit=MOVED_MAX + 1)
    if len(found) > MOVED_MAX:
        message = f"has to be keep_instant: more than {MOVED_MAX:,} contents are scheduled"
        raise RequestInvalid(FieldFault("time_zone_change", message))

    def same_clock(at: datetime) -> datetime:
        local = at.astimezone(before.zone)
        return to_utc(local.date(), local.time(), after.zone)

    said = f"Its time on the clock stayed when the site moved from {before.time_zone} to {after.time_zone}."
    calendar = LockedCalendar(tx, after)
    moved = _move_all(
        tx, calendar, found, same_clock, field="time_zone_change", explanation=said, limits=False, now=now
    )
    tx.calendar.forget_limits(moved)
    return moved


def _move_all(
    tx: PublisherTransaction,
    calendar: LockedCalendar,
    found: Sequence[Content],
    later: Callable[[datetime], datetime],
    *,
    field: str,
    explanation: str,
    limits: bool = True,
    now: datetime,
) -> list[Content]:
    times = [later(_planned(content)) for content in found]
    settings = calendar.settings if limits else calendar.settings.without_limits()
    taken = calendar.occupied(now=now, without=[content.id for content in found])
    check_times(settings, times, occupied=taken, now=now, field=field)
    return [
        _save(tx, content.move(at, now=now), explanation=explanation, now=now)
        for content, at in zip(found, times, strict=True)
    ]


def _planned(content: Content) -> datetime:
    assert content.scheduled_publish_at is not None, "scheduled content has a time"
    return content.scheduled_publish_at


def _save(tx: PublisherTransaction, content: Content, *, explanation: str, now: datetime) -> Content:
    return book(tx, content, ContentScheduled.of(content, now=now, explanation=explanation))

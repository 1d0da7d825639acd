"""The times at which a site could publish by its mode, before anybody asks what is taken or full."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Final

from services.publisher.domain.local_time import LocalClock, to_utc
from services.publisher.domain.publishing_settings import IntervalUnit, Mode, PublishingSettings

MOMENT: Final = timedelta(milliseconds=1)
"""As near as times are in mode immediate: two publications at once still have a time each."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_INTERVAL_DAY, _FIRST_INTERVAL_CLOCK = date(2026, 1, 1), time(9)


def candidates(
    settings: PublishingSettings,
    *,
    after: datetime,
    clock: LocalClock | None = None,
    apart: timedelta = MOMENT,
) -> Iterator[datetime]:
    """Yield instants (UTC) in rising order without end; after `after`, or from it on in mode immediate.

    `clock` is that of the site's zone, for who asks again and again; what it has looked up it knows. In mode immediate
    they are `apart` from each other.
    """
    match settings.mode:
        case Mode.SLOTS:
            return _slots(settings, after, clock or LocalClock(settings.zone))
        case Mode.INTERVAL if settings.schedule_interval.unit is IntervalUnit.HOURS:
            return _every_hours(settings, after)
        case Mode.INTERVAL:
            return _every_days(settings, after)
        case Mode.IMMEDIATE:
            return _moments(after, apart)


def _slots(settings: PublishingSettings, after: datetime, clock: LocalClock) -> Iterator[datetime]:
    day = clock.local(after).date()
    last = after
    while True:
        if day.weekday() in settings.publish_days:
            # Sorted as instants: a time in the missing hour moves behind one that was after it, or onto it.
            for at in sorted([clock.instant(day, slot) for slot in settings.publish_time_slots]):
                if at > last:
                    last = at
                    yield at
        day += timedelta(days=1)


def _every_hours(settings: PublishingSettings, after: datetime) -> Iterator[datetime]:
    start, step = _interval_start(settings), settings.schedule_interval.length
    first = max(0, (after - start) // step + 1)
    return (start + number * step for number in count(first))


def _every_days(settings: PublishingSettings, after: datetime) -> Iterator[datetime]:
    zone, step = settings.zone, settings.schedule_interval.length
    start = _interval_start(settings).astimezone(zone)
    steps = max(0, (after.astimezone(zone).date() - start.date()) // step)
    last = after
    for number in count(steps):
        at = to_utc(start.date() + number * step, start.time(), zone)
        if at > last:
            last = at
            yield at


def _moments(after: datetime, apart: timedelta) -> Iterator[datetime]:
    """Whole milliseconds, or seconds, the first not before `after`."""
    first = after.astimezone(UTC) + (_EPOCH - after) % apart
    return (first + number * apart for number in count())


def _interval_start(settings: PublishingSettings) -> datetime:
    return settings.schedule_interval.starts_at or to_utc(
        _FIRST_INTERVAL_DAY, _FIRST_INTERVAL_CLOCK, settings.zone
    )

"""The one function that finds free slots: for the scheduler, for the preview and for "why this time?"."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from chassis.refusal import FieldFault, RequestInvalid, StateConflict
from services.publisher.domain.local_time import to_utc
from services.publisher.domain.publishing_settings import IntervalUnit, Mode, PublishingSettings
from services.publisher.domain.schedule.candidates import MOMENT, candidates
from services.publisher.domain.schedule.limits import Calendar, MovedOn, spoken, taken
from services.publisher.domain.schedule.occupied import Occupied

SLOTS_MAX = 100
HORIZON_DAYS = 20 * 366
MOVED_ON_KEPT_MAX = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free time to publish: `at` in UTC, `local` on the site's clock, and how it came about."""

    at: datetime
    local: datetime
    rule: str
    moved_on: tuple[MovedOn, ...] = ()
    """The first 10 times, days, weeks or months that were passed over; `moved_on_count` counts all."""
    moved_on_count: int = 0

    @property
    def explanation(self) -> str:
        """Why this time, in sentences."""
        if not self.moved_on:
            return f"{self.rule}."
        said = "; ".join(moved.sentence for moved in self.moved_on)
        more = self.moved_on_count - len(self.moved_on)
        return f"{self.rule}. Moved on because {said}{f'; and {more} more' if more else ''}."


class NoFreeSlot(StateConflict):
    """The rules of the calendar leave no time within twenty years."""


def next_free_slots(
    settings: PublishingSettings,
    *,
    occupied: Occupied,
    now: datetime,
    count: int = 1,
    apart: timedelta = MOMENT,
) -> list[Slot]:
    """The next `count` (1 to 100) free slots after `now`; in mode immediate from `now` on, `apart` from each other.

    `occupied` is everything scheduled, on its way or published, at least since the beginning
    of this month and of this week. Each slot counts against the limits of those behind it. NoFreeSlot when
    there is none within twenty years, and no slots are given then.
    """
    if not 1 <= count <= SLOTS_MAX:
        raise RequestInvalid(FieldFault("count", f"must be between 1 and {SLOTS_MAX}"))
    calendar = Calendar.of(settings, occupied)
    slots: list[Slot] = []
    for _ in range(count):
        slot = _next(settings, calendar, now, apart)
        calendar.add(slot.at)
        slots.append(slot)
    return slots


def next_free_slot(settings: PublishingSettings, *, occupied: Occupied, now: datetime) -> Slot:
    """The next free slot; see next_free_slots."""
    return next_free_slots(settings, occupied=occupied, now=now)[0]


def _next(settings: PublishingSettings, calendar: Calendar, now: datetime, apart: timedelta) -> Slot:
    zone, horizon = calendar.zone, now + timedelta(days=HORIZON_DAYS)
    moved_on: list[MovedOn] = []
    moved_on_count = 0
    times = candidates(settings, after=now, clock=calendar.clock, apart=apart)
    looked_at, full = None, None
    while (at := next(times)) <= horizon:
        day = calendar.clock.local(at).date()
        if day != looked_at:
            looked_at, full = day, calendar.full(day)
        if full is None and calendar.is_taken(at):
            moved_on_count += 1
            if len(moved_on) < MOVED_ON_KEPT_MAX:
                moved_on.append(taken(at.astimezone(zone)))
            continue
        if full is None:
            local = at.astimezone(zone)
            return Slot(
                at=at,
                local=local,
                rule=rule_of(settings, local, now),
                moved_on=tuple(moved_on),
                moved_on_count=moved_on_count,
            )
        while full is not None:
            moved_on_count += 1
            if len(moved_on) < MOVED_ON_KEPT_MAX:
                moved_on.append(full.moved_on())
            room_on = full.room_on
            full = calendar.full(room_on)
        # From midnight of the first day with room; a microsecond earlier, so that midnight itself is among them.
        midnight = to_utc(room_on, time(0), zone)
        times = candidates(settings, after=_before(midnight, settings), clock=calendar.clock, apart=apart)
    raise NoFreeSlot(
        f"No slot is free before {horizon:%Y}: {moved_on[-1].sentence if moved_on else 'the next one is later'}. "
        "Raise a limit or add days and times in the publishing settings.",
        metadata={"kind": "calendar", "state": "full"},
    )


def _before(midnight: datetime, settings: PublishingSettings) -> datetime:
    return midnight if settings.mode is Mode.IMMEDIATE else midnight - timedelta(microseconds=1)


def rule_of(settings: PublishingSettings, local: datetime, now: datetime) -> str:
    """What makes a local time one of the site's."""
    when = f"{spoken(local)} ({settings.time_zone})"
    match settings.mode:
        case Mode.SLOTS:
            return f"{when} is a publishing time of the site"
        case Mode.INTERVAL:
            every, unit = settings.schedule_interval.every, settings.schedule_interval.unit
            singular = "hour" if unit is IntervalUnit.HOURS else "day"
            return f"{when} is on the interval of {every} {singular if every == 1 else unit.value}"
        case Mode.IMMEDIATE:
            at_once = local - now < timedelta(minutes=1)
            return f"{when} is at once" if at_once else f"{when} is the earliest moment that the limits allow"

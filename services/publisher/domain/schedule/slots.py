"""The one function that finds free slots: for the scheduler, for the preview and for "why this time?"."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from chassis.refusal import FieldFault, RequestInvalid, StateConflict
from services.publisher.domain.local_time import to_utc
from services.publisher.domain.publishing_settings import IntervalUnit, Mode, PublishingSettings
from services.publisher.domain.schedule.candidates import MOMENT, candidates
from services.publisher.domain.schedule.limits import (
    Calendar,
    Full,
    MovedOn,
    month_of,
    spoken,
    taken,
    week_of,
)
from services.publisher.domain.schedule.occupied import Occupied

SLOTS_MAX = 100
HORIZON_DAYS = 20 * 366
MOVED_ON_KEPT_MAX = 10
_MICROSECOND: Final = timedelta(microseconds=1)


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
    search = _Search(settings=settings, calendar=Calendar.of(settings, occupied), now=now, apart=apart)
    return [search.take() for _ in range(count)]


def next_free_slot(settings: PublishingSettings, *, occupied: Occupied, now: datetime) -> Slot:
    """The next free slot; see next_free_slots."""
    return next_free_slots(settings, occupied=occupied, now=now)[0]


@dataclass(slots=True, kw_only=True)
class _Search:
    """Takes one free slot after the other; each is told as if it were looked for from `now` on.

    It is not: a slot changes the counts of its own day, week and month alone, so what was passed over before these
    stays passed over.
    """

    settings: PublishingSettings
    calendar: Calendar
    now: datetime
    apart: timedelta
    _passed: list[Full | datetime] = field(default_factory=list)
    """Full days, weeks and months, and taken instants, in order."""

    def take(self) -> Slot:
        """The next free slot, which counts from here on."""
        at = self._free()
        local = at.astimezone(self.calendar.zone)
        slot = Slot(
            at=at,
            local=local,
            rule=rule_of(self.settings, local, self.now),
            moved_on=self._told(),
            moved_on_count=len(self._passed),
        )
        self.calendar.add(at)
        self._stand_before(local.date())
        return slot

    def _free(self) -> datetime:
        horizon, looked_at, times = self.now + timedelta(days=HORIZON_DAYS), None, self._times()
        while (at := next(times)) <= horizon:
            day = self.calendar.clock.local(at).date()
            if day != looked_at:
                looked_at = day
                if full := self.calendar.full(day):
                    times = self._times_behind(full)
                    continue
            if not self.calendar.is_taken(at):
                return at
            self._passed.append(at)
        passed = self._told()
        raise NoFreeSlot(
            f"No slot is free before {horizon:%Y}: {passed[-1].sentence if passed else 'the next one is later'}. "
            "Raise a limit or add days and times in the publishing settings.",
            metadata={"kind": "calendar", "state": "full"},
        )

    def _times(self) -> Iterator[datetime]:
        """From behind what was passed over last."""
        if not self._passed:
            return self._times_after(self.now)
        last = self._passed[-1]
        if isinstance(last, Full):
            self._passed.pop()
            return self._times_behind(last)
        return self._times_from(last + _MICROSECOND)

    def _times_behind(self, full: Full) -> Iterator[datetime]:
        """From midnight of the first day with room."""
        found: Full | None = full
        while found is not None:
            self._passed.append(found)
            room_on = found.room_on
            found = self.calendar.full(room_on)
        return self._times_from(to_utc(room_on, time(0), self.calendar.zone))

    def _times_from(self, at: datetime) -> Iterator[datetime]:
        """From an instant on, itself among them."""
        return self._times_after(at if self.settings.mode is Mode.IMMEDIATE else at - _MICROSECOND)

    def _times_after(self, after: datetime) -> Iterator[datetime]:
        return candidates(self.settings, after=after, clock=self.calendar.clock, apart=self.apart)

    def _stand_before(self, day: date) -> None:
        """Go back to before the month and the week of a day."""
        first = min(month_of(day), week_of(day))
        while self._passed and self._ends_on(self._passed[-1]) > first:
            self._passed.pop()

    def _ends_on(self, passed: Full | datetime) -> date:
        """The first day behind it."""
        if isinstance(passed, Full):
            return passed.room_on
        return self.calendar.clock.local(passed).date() + timedelta(days=1)

    def _told(self) -> tuple[MovedOn, ...]:
        zone = self.calendar.zone
        return tuple(
            each.moved_on() if isinstance(each, Full) else taken(each.astimezone(zone))
            for each in self._passed[:MOVED_ON_KEPT_MAX]
        )


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

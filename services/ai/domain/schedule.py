"""When the runs of a site are planned: daily, weekly or monthly at a time on the site's own clock."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Frequency(StrEnum):
    """How often a run is planned."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The planned instant (UTC) a run is to be started for now, and how many before it passed without one."""

    planned_at: datetime
    missed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Local times of a site, in its IANA time zone."""

    frequency: Frequency = Frequency.DAILY
    clock: time = time(9)
    weekday: int = 1
    """1 (Monday) to 7, of a weekly schedule."""
    month_day: int = 1
    """1 to 31, of a monthly schedule; in a month that is shorter its last day."""
    time_zone: str = "UTC"

    def next_after(self, after: datetime) -> datetime:
        """The first planned instant (UTC) after `after`.

        A time in the hour that a clock change leaves out moves forward by that hour, a time that comes twice is its
        first (PEP 495, fold=0): each planned day has one instant, whatever its clock does.
        """
        zone = ZoneInfo(self.time_zone)
        # A day earlier, because a time that a clock change moved forward may lie on the day before `after`'s.
        for day in self._days(after.astimezone(zone).date() - timedelta(days=1)):
            at = datetime.combine(day, self.clock, tzinfo=zone).astimezone(UTC)
            if at > after:
                return at
        raise AssertionError("days never end")

    def due(self, *, after: datetime, now: datetime) -> Due | None:
        """The last planned instant after `after` and not after `now`: however many were missed, one run follows."""
        planned_at, passed = self.next_after(after), 0
        while (following := self.next_after(planned_at)) <= now:
            planned_at, passed = following, passed + 1
        return Due(planned_at=planned_at, missed=passed) if planned_at <= now else None

    def _days(self, first: date) -> Iterator[date]:
        """The local days with a run, from the one that is not before `first` on."""
        match self.frequency:
            case Frequency.DAILY:
                day, step = first, timedelta(days=1)
            case Frequency.WEEKLY:
                day, step = (
                    first + timedelta(days=(self.weekday - first.isoweekday()) % 7),
                    timedelta(weeks=1),
                )
            case Frequency.MONTHLY:
                yield from self._days_of_months(first)
                return
        while True:
            yield day
            day += step

    def _days_of_months(self, first: date) -> Iterator[date]:
        year, month = first.year, first.month
        while True:
            day = date(year, month, min(self.month_day, calendar.monthrange(year, month)[1]))
            if day >= first:
                yield day
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)

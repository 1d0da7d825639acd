"""How much a site may publish in a local day, week and month, and when there is room again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from services.publisher.domain.local_time import LocalClock
from services.publisher.domain.publishing_settings import PublishingSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reason(StrEnum):
    """Why a time could not be taken."""

    TAKEN = "taken"
    DAILY_LIMIT = "daily_limit"
    WEEKLY_LIMIT = "weekly_limit"
    MONTHLY_LIMIT = "monthly_limit"


@dataclass(frozen=True, slots=True)
class MovedOn:
    """A time, or a whole full day, week or month, that was passed over. `day` is the first local day of it."""

    reason: Reason
    day: date
    sentence: str


@dataclass(frozen=True, slots=True)
class Full:
    """A reached limit: of the day, week or month that begins on `day`, until `room_on`, the first day after it."""

    reason: Reason
    day: date
    room_on: date
    count: int
    limit: int

    def moved_on(self) -> MovedOn:
        """The reason as a sentence, made only when somebody will read it."""
        what, period = {
            Reason.DAILY_LIMIT: (_name(self.day), "day"),
            Reason.WEEKLY_LIMIT: (f"the week of {_name(self.day)}", "week"),
            Reason.MONTHLY_LIMIT: (f"{self.day:%B %Y}", "month"),
        }[self.reason]
        return MovedOn(
            self.reason, self.day, f"{what} is full: {self.count} of {self.limit} publications a {period}"
        )


@dataclass(slots=True)
class Counts:
    """Publications by local day, week (from Monday) and month."""

    days: Counter[date]
    weeks: Counter[date]
    months: Counter[date]

    @classmethod
    def of(cls, clock: LocalClock, occupied: Iterable[datetime]) -> Self:
        """`occupied` are the instants (UTC) of everything scheduled, on its way or published."""
        days = Counter(clock.dates(occupied))
        weeks: Counter[date] = Counter()
        months: Counter[date] = Counter()
        for day, count in days.items():
            weeks[week_of(day)] += count
            months[month_of(day)] += count
        return cls(days, weeks, months)


@dataclass(slots=True)
class Calendar:
    """What is on a site's calendar already, and how many in each local day, week and month."""

    settings: PublishingSettings
    zone: ZoneInfo
    clock: LocalClock
    counts: Counts
    _taken: set[timedelta]
    """Since 1970: to hash an instant with its zone takes five times as long."""

    @classmethod
    def of(cls, settings: PublishingSettings, occupied: Iterable[datetime]) -> Self:
        """`occupied` are the instants (UTC) of everything scheduled, on its way or published."""
        taken, clock = list(occupied), LocalClock(settings.zone)
        return cls(
            settings,
            settings.zone,
            clock,
            Counts.of(clock, taken),
            {at - _EPOCH for at in taken},
        )

    def is_taken(self, at: datetime) -> bool:
        """Whether something has this instant."""
        return at - _EPOCH in self._taken

    def add(self, at: datetime) -> None:
        """Count one more publication."""
        day = self.clock.local(at).date()
        self._taken.add(at - _EPOCH)
        self.counts.days[day] += 1
        self.counts.weeks[week_of(day)] += 1
        self.counts.months[month_of(day)] += 1

    def full(self, day: date) -> Full | None:
        """The widest limit that is reached on a local day; None while there is room."""
        settings = self.settings
        if (limit := settings.monthly_limit) is not None:
            month = month_of(day)
            if (count := self.counts.months.get(month, 0)) >= limit:
                return Full(Reason.MONTHLY_LIMIT, month, month_of(month + timedelta(days=31)), count, limit)
        if (limit := settings.weekly_limit) is not None:
            week = week_of(day)
            if (count := self.counts.weeks.get(week, 0)) >= limit:
                return Full(Reason.WEEKLY_LIMIT, week, week + timedelta(days=7), count, limit)
        if (limit := settings.daily_limit) is not None and (count := self.counts.days.get(day, 0)) >= limit:
            return Full(Reason.DAILY_LIMIT, day, day + timedelta(days=1), count, limit)
        return None


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> date:
    """The first of a day's month."""
    return day.replace(day=1)


def taken(local: datetime) -> MovedOn:
    """Somebody has this local time."""
    return MovedOn(Reason.TAKEN, local.date(), f"{spoken(local)} is taken")


def spoken(local: datetime) -> str:
    """A local time as people say it: Friday, 20 November 2026 at 09:00."""
    return f"{_name(local.date())} at {local:%H:%M}"


def _name(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"

"""How much a site may publish in a local day, week and month, and when there is room again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from services.publisher.domain.local_time import LocalClock, to_utc
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.schedule.occupied import Occupied


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
    """What is on a site's calendar already, and how many in each local day, week and month.

    Counted between the midnights of a period, and only where somebody looks: a search passes over whole months.
    """

    settings: PublishingSettings
    zone: ZoneInfo
    clock: LocalClock
    _occupied: Occupied
    _midnights: dict[date, datetime]

    @classmethod
    def of(cls, settings: PublishingSettings, occupied: Occupied) -> Self:
        """`occupied` is everything scheduled, on its way or published; it stays as it is."""
        return cls(settings, settings.zone, LocalClock(settings.zone), occupied.copy(), {})

    def is_taken(self, at: datetime) -> bool:
        """Whether something has this instant."""
        return at in self._occupied

    def add(self, at: datetime) -> None:
        """Count one more publication."""
        self._occupied.add(at)

    def full(self, day: date) -> Full | None:
        """The widest limit that is reached on a local day; None while there is room."""
        settings = self.settings
        if (limit := settings.monthly_limit) is not None:
            month = month_of(day)
            after = month_of(month + timedelta(days=31))
            if (count := self.count(month, after)) >= limit:
                return Full(Reason.MONTHLY_LIMIT, month, after, count, limit)
        if (limit := settings.weekly_limit) is not None:
            week = week_of(day)
            after = week + timedelta(days=7)
            if (count := self.count(week, after)) >= limit:
                return Full(Reason.WEEKLY_LIMIT, week, after, count, limit)
        if (limit := settings.daily_limit) is not None:
            after = day + timedelta(days=1)
            if (count := self.count(day, after)) >= limit:
                return Full(Reason.DAILY_LIMIT, day, after, count, limit)
        return None

    def count(self, first: date, after: date) -> int:
        """How many publications there are from a local day on to before another."""
        return self._occupied.count(self._midnight(first), self._midnight(after))

    def _midnight(self, day: date) -> datetime:
        at = self._midnights.get(day)
        if at is None:
            at = self._midnights[day] = to_utc(day, time(0), self.zone)
        return at


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

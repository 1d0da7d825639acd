"""How much a site may publish in a local day, week and month, and when there is room again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from services.publisher.domain.publishing_settings import PublishingSettings


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


@dataclass(slots=True)
class Calendar:
    """What is on a site's calendar already, counted by local day, week (from Monday) and month."""

    settings: PublishingSettings
    taken: set[datetime]
    days: Counter[date]
    weeks: Counter[date]
    months: Counter[date]

    @classmethod
    def of(cls, settings: PublishingSettings, occupied: Iterable[datetime]) -> Self:
        """`occupied` are the instants (UTC) of everything scheduled, on its way or published."""
        calendar = cls(settings, set(), Counter(), Counter(), Counter())
        for at in occupied:
            calendar.add(at)
        return calendar

    def add(self, at: datetime) -> None:
        """Count one more publication."""
        day = at.astimezone(self.settings.zone).date()
        self.taken.add(at)
        self.days[day] += 1
        self.weeks[week_of(day)] += 1
        self.months[month_of(day)] += 1

    def full(self, day: date) -> tuple[MovedOn, date] | None:
        """The widest limit that is reached on a local day and the first day with another count; None with room."""
        settings = self.settings
        month, week = month_of(day), week_of(day)
        if settings.monthly_limit is not None and self.months[month] >= settings.monthly_limit:
            said = f"{month:%B %Y} is full: {_of(self.months[month], settings.monthly_limit)} a month"
            return MovedOn(Reason.MONTHLY_LIMIT, month, said), month_of(month + timedelta(days=31))
        if settings.weekly_limit is not None and self.weeks[week] >= settings.weekly_limit:
            said = f"the week of {_day(week)} is full: {_of(self.weeks[week], settings.weekly_limit)} a week"
            return MovedOn(Reason.WEEKLY_LIMIT, week, said), week + timedelta(days=7)
        if settings.daily_limit is not None and self.days[day] >= settings.daily_limit:
            said = f"{_day(day)} is full: {_of(self.days[day], settings.daily_limit)} a day"
            return MovedOn(Reason.DAILY_LIMIT, day, said), day + timedelta(days=1)
        return None


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def month_of(day: date) -> date:
    """The first of a day's month."""
    return day.replace(day=1)


def _of(count: int, limit: int) -> str:
    return f"{count} of {limit} publications"


def _day(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}"

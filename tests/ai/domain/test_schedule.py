"""Planned instants over clock changes, short months and downtime."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from services.ai.domain.schedule import Due, Frequency, Schedule

DAILY, WEEKLY, MONTHLY = Frequency


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instants(schedule: Schedule, after: str, count: int) -> list[str]:
    """The next planned instants in UTC, to the minute."""
    found, last = [], utc(after)
    for _ in range(count):
        last = schedule.next_after(last)
        found.append(f"{last:%Y-%m-%dT%H:%M}")
    return found


@pytest.mark.parametrize(
    ("zone", "clock", "after", "planned"),
    [
        # A gap: 02:30 is not on the clock that night and moves forward to 03:30 (01:30 UTC), once.
        ("Europe/Rome", "02:30", "2026-03-27T12:00", ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]),
        ("America/New_York", "02:30", "2026-03-07T12:00", ["2026-03-08T07:30", "2026-03-09T06:30"]),
        ("Pacific/Chatham", "02:50", "2026-09-25T12:00", ["2026-09-25T14:05", "2026-09-26T14:05", "2026-09-27T13:05"]),
        # An overlap: 02:30 comes twice and is its first, once.
        ("Europe/Rome", "02:30", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("America/New_York", "01:30", "2026-10-31T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        # The clock stays at nine whatever the offset does.
        ("Europe/Rome", "09:00", "2026-03-28T00:00", ["2026-03-28T08:00", "2026-03-29T07:00", "2026-03-30T07:00"]),
        ("Asia/Kolkata", "09:00", "2026-03-28T00:00", ["2026-03-28T03:30", "2026-03-29T03:30"]),
        # Half an hour only.
        ("Australia/Lord_Howe", "02:15", "2026-10-03T00:00", ["2026-10-03T15:45", "2026-10-04T15:15"]),
        # A day that a zone left out altogether gives no second run on the next.
        ("Pacific/Apia", "10:00", "2011-12-29T12:00", ["2011-12-29T20:00", "2011-12-30T20:00", "2011-12-31T20:00"]),
    ],
)  # fmt: skip
def test_a_daily_run_has_one_instant_a_day_whatever_its_clock_does(
    zone: str, clock: str, after: str, planned: list[str]
) -> None:
    schedule = Schedule(frequency=DAILY, clock=time.fromisoformat(clock), time_zone=zone)

    assert instants(schedule, after, len(planned)) == planned


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/Sao_Paulo", "Pacific/Chatham", "Africa/Casablanca"])
def test_over_a_year_of_nights_each_local_day_has_exactly_one_instant(zone: str) -> None:
    schedule = Schedule(frequency=DAILY, clock=time(2, 30), time_zone=zone)
    first = schedule.next_after(utc("2026-01-01T12:00"))

    planned = [first]
    while planned[-1] < first + timedelta(days=364, hours=12):
        planned.append(schedule.next_after(planned[-1]))

    assert len(planned) == len(set(planned)) == 366
    gaps = {later - earlier for earlier, later in pairwise(planned)}
    assert gaps <= {timedelta(hours=hours) for hours in (23, 24, 25)}


def test_a_weekly_run_is_on_its_weekday_on_the_site_s_calendar() -> None:
    schedule = Schedule(frequency=WEEKLY, weekday=1, clock=time(0, 30), time_zone="Asia/Tokyo")

    # Monday half past midnight in Tokyo is Sunday in UTC.
    assert instants(schedule, "2026-11-18T00:00", 2) == ["2026-11-22T15:30", "2026-11-29T15:30"]


@pytest.mark.parametrize(
    ("month_day", "planned"),
    [
        (28, ["2027-01-28", "2027-02-28", "2027-03-28", "2027-04-28"]),
        (29, ["2027-01-29", "2027-02-28", "2027-03-29", "2027-04-29"]),
        (30, ["2027-01-30", "2027-02-28", "2027-03-30", "2027-04-30"]),
        (31, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
    ],
)
def test_a_monthly_run_is_on_its_day_or_the_last_of_a_shorter_month(
    month_day: int, planned: list[str]
) -> None:
    schedule = Schedule(frequency=MONTHLY, month_day=month_day, clock=time(9))

    assert instants(schedule, "2027-01-01T00:00", 4) == [f"{day}T09:00" for day in planned]


def test_the_last_day_of_february_is_the_29th_in_a_leap_year() -> None:
    schedule = Schedule(frequency=MONTHLY, month_day=31, clock=time(9))

    assert instants(schedule, "2028-02-01T00:00", 1) == ["2028-02-29T09:00"]


def test_nothing_is_due_before_its_time_and_the_instant_itself_is() -> None:
    schedule = Schedule(frequency=DAILY, clock=time(9))
    after = utc("2026-11-20T09:00")

    assert schedule.due(after=after, now=utc("2026-11-21T08:59")) is None
    assert schedule.due(after=after, now=utc("2026-11-21T09:00")) == Due(
        planned_at=utc("2026-11-21T09:00"), missed=0
    )


def test_of_many_that_were_missed_the_last_one_is_due_and_the_others_are_counted() -> None:
    schedule = Schedule(frequency=DAILY, clock=time(9))

    due = schedule.due(after=utc("2026-11-01T09:00"), now=utc("2026-11-20T12:00"))

    assert due == Due(planned_at=utc("2026-11-20T09:00"), missed=18)

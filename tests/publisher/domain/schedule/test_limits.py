"""A day, week or month holds what the site's own clock shows in it, in every zone and over every clock change."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from services.publisher.domain.local_time import LocalClock
from services.publisher.domain.schedule.limits import Calendar, Counts, month_of, week_of
from services.publisher.domain.schedule.occupied import Occupied
from tests.publisher.domain.builders import settings

DAY = timedelta(days=1)

# Of each zone a day on which its clock is changed; in the last four that happens at midnight.
CHANGES = {
    "UTC": ["2026-11-16"],
    "Europe/Rome": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Asia/Kolkata": ["2026-03-29"],
    "Pacific/Chatham": ["2026-04-05", "2026-09-27"],
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],
    "Africa/Cairo": ["2026-04-24", "2026-10-30"],
    "America/Havana": ["2026-03-08", "2026-11-01"],
    "America/Santiago": ["2026-04-05", "2026-09-06"],
    "Asia/Beirut": ["2026-03-29", "2026-10-25"],
}
zones_and_days = st.sampled_from(
    [(zone, date.fromisoformat(day)) for zone, days in CHANGES.items() for day in days]
)
near = st.integers(-3 * 24 * 12, 3 * 24 * 12).map(lambda number: timedelta(minutes=5 * number))
anywhere = st.integers(-40 * 86_400_000_000, 40 * 86_400_000_000).map(lambda n: timedelta(microseconds=n))


@hypothesis_settings(max_examples=300, deadline=None)
@given(zone_and_day=zones_and_days, away=st.lists(near | anywhere, max_size=20))
def test_days_weeks_and_months_count_as_one_by_one_by_the_clock_of_the_site(
    zone_and_day: tuple[str, date], away: list[timedelta]
) -> None:
    name, day = zone_and_day
    instants = [datetime(day.year, day.month, day.day, tzinfo=UTC) + each for each in away]

    calendar = Calendar.of(settings(time_zone=name), Occupied.of(instants))
    shown = Counts.of(LocalClock(ZoneInfo(name)), instants)

    days = [at.astimezone(ZoneInfo(name)).date() for at in instants]
    weeks, months = [week_of(each) for each in days], [month_of(each) for each in days]
    assert shown.days == Counter(days) == {each: calendar.count(each, each + DAY) for each in days}
    assert shown.weeks == Counter(weeks) == {each: calendar.count(each, each + 7 * DAY) for each in weeks}
    assert (
        shown.months
        == Counter(months)
        == {each: calendar.count(each, month_of(each + 31 * DAY)) for each in months}
    )

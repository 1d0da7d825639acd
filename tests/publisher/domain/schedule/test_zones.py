"""Golden cases: what 02:30 (or the hour that changes) and 09:00 are around both clock changes of 2026, in five zones."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from services.publisher.domain.local_time import to_date
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.domain.schedule.slots import next_free_slots
from tests.publisher.domain.builders import settings

# Zone, clock in the changing hour, instant before the first day, then that clock and 09:00 of three days in UTC.
GOLDEN = {
    "Rome springs forward": (
        "Europe/Rome",
        time(2, 30),
        "2026-03-27T20:00",
        ["03-28 01:30", "03-28 08:00", "03-29 01:30", "03-29 07:00", "03-30 00:30", "03-30 07:00"],
    ),
    "Rome falls back": (
        "Europe/Rome",
        time(2, 30),
        "2026-10-23T20:00",
        ["10-24 00:30", "10-24 07:00", "10-25 00:30", "10-25 08:00", "10-26 01:30", "10-26 08:00"],
    ),
    "New York springs forward": (
        "America/New_York",
        time(2, 30),
        "2026-03-06T22:00",
        ["03-07 07:30", "03-07 14:00", "03-08 07:30", "03-08 13:00", "03-09 06:30", "03-09 13:00"],
    ),
    "New York falls back": (
        "America/New_York",
        time(1, 30),
        "2026-10-30T22:00",
        ["10-31 05:30", "10-31 13:00", "11-01 05:30", "11-01 14:00", "11-02 06:30", "11-02 14:00"],
    ),
    "Kolkata while Europe springs forward": (
        "Asia/Kolkata",
        time(2, 30),
        "2026-03-27T20:00",
        ["03-27 21:00", "03-28 03:30", "03-28 21:00", "03-29 03:30", "03-29 21:00", "03-30 03:30"],
    ),
    "Kolkata while Europe falls back": (
        "Asia/Kolkata",
        time(2, 30),
        "2026-10-23T20:00",
        ["10-23 21:00", "10-24 03:30", "10-24 21:00", "10-25 03:30", "10-25 21:00", "10-26 03:30"],
    ),
    "Chatham falls back": (
        "Pacific/Chatham",
        time(3),
        "2026-04-03T12:00",
        ["04-03 13:15", "04-03 19:15", "04-04 13:15", "04-04 20:15", "04-05 14:15", "04-05 20:15"],
    ),
    "Chatham springs forward": (
        "Pacific/Chatham",
        time(3),
        "2026-09-25T12:00",
        ["09-25 14:15", "09-25 20:15", "09-26 14:15", "09-26 19:15", "09-27 13:15", "09-27 19:15"],
    ),
    "Casablanca falls back for Ramadan": (
        "Africa/Casablanca",
        time(2, 30),
        "2026-02-13T20:00",
        ["02-14 01:30", "02-14 08:00", "02-15 01:30", "02-15 09:00", "02-16 02:30", "02-16 09:00"],
    ),
    "Casablanca springs forward after Ramadan": (
        "Africa/Casablanca",
        time(2, 30),
        "2026-03-20T20:00",
        ["03-21 02:30", "03-21 09:00", "03-22 02:30", "03-22 08:00", "03-23 01:30", "03-23 08:00"],
    ),
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "changing", "now", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_slots_around_a_clock_change(zone: str, changing: time, now: str, expected: list[str]) -> None:
    rules = settings(time_zone=zone, publish_time_slots=(changing, time(9)))

    slots = next_free_slots(rules, occupied=Occupied(), now=utc(now), count=6)

    assert [f"{slot.at:%m-%d %H:%M}" for slot in slots] == expected


@pytest.mark.parametrize(("zone", "changing", "now", "expected"), GOLDEN.values(), ids=GOLDEN)
def test_a_day_of_the_change_counts_as_one_day(
    zone: str, changing: time, now: str, expected: list[str]
) -> None:
    rules = settings(time_zone=zone, publish_time_slots=(changing, time(9)), daily_limit=1)

    slots = next_free_slots(rules, occupied=Occupied(), now=utc(now), count=3)

    assert [f"{slot.at:%m-%d %H:%M}" for slot in slots] == expected[::2]


MOVES = {
    "Europe/Rome": (date(2026, 3, 27), date(2026, 3, 30)),
    "America/New_York": (date(2026, 10, 30), date(2026, 11, 3)),
    "Asia/Kolkata": (date(2026, 3, 27), date(2026, 3, 30)),
    "Pacific/Chatham": (date(2026, 9, 25), date(2026, 9, 29)),
    "Africa/Casablanca": (date(2026, 3, 19), date(2026, 3, 24)),
}


@pytest.mark.parametrize(("zone", "days"), MOVES.items(), ids=MOVES)
def test_a_move_in_the_month_view_keeps_nine_o_clock_there_and_back(
    zone: str, days: tuple[date, date]
) -> None:
    there = ZoneInfo(zone)
    first = datetime.combine(days[0], time(9), tzinfo=there)

    moved = to_date(first.astimezone(UTC), days[1], there)
    back = to_date(moved, days[0], there)

    assert f"{moved.astimezone(there):%Y-%m-%d %H:%M}" == f"{days[1]} 09:00"
    assert back == first

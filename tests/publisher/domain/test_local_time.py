"""A missing hour moves forward, a doubled hour is its first."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from services.publisher.domain.local_time import LocalClock, is_zone, to_date, to_utc


@pytest.mark.parametrize(
    ("zone", "day", "clock", "utc"),
    [
        ("Europe/Rome", "2026-03-28", "02:30", "2026-03-28T01:30"),
        ("Europe/Rome", "2026-03-29", "01:59", "2026-03-29T00:59"),
        ("Europe/Rome", "2026-03-29", "02:00", "2026-03-29T01:00"),
        ("Europe/Rome", "2026-03-29", "02:30", "2026-03-29T01:30"),
        ("Europe/Rome", "2026-03-29", "03:00", "2026-03-29T01:00"),
        ("Europe/Rome", "2026-03-29", "09:00", "2026-03-29T07:00"),
        ("Europe/Rome", "2026-10-25", "02:30", "2026-10-25T00:30"),
        ("Europe/Rome", "2026-10-25", "03:00", "2026-10-25T02:00"),
        ("America/New_York", "2026-03-08", "02:30", "2026-03-08T07:30"),
        ("America/New_York", "2026-03-08", "09:00", "2026-03-08T13:00"),
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        ("America/New_York", "2026-11-01", "09:00", "2026-11-01T14:00"),
        ("Asia/Kolkata", "2026-03-29", "02:30", "2026-03-28T21:00"),
        ("Pacific/Chatham", "2026-09-27", "02:50", "2026-09-26T14:05"),
        ("Pacific/Chatham", "2026-04-05", "03:00", "2026-04-04T13:15"),
        ("Africa/Casablanca", "2026-02-15", "02:30", "2026-02-15T01:30"),
    ],
)
def test_a_local_time_is_one_instant(zone: str, day: str, clock: str, utc: str) -> None:
    at = to_utc(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))

    assert at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day"), [("Europe/Rome", "2026-03-29"), ("America/New_York", "2026-11-01")])
def test_a_move_to_another_day_keeps_the_clock_over_a_clock_change(zone: str, day: str) -> None:
    at = to_utc(date(2026, 1, 15), time(9), ZoneInfo(zone))

    moved = to_date(at, date.fromisoformat(day), ZoneInfo(zone)).astimezone(ZoneInfo(zone))

    assert (moved.date().isoformat(), moved.time()) == (day, time(9))


@pytest.mark.parametrize("name", ["Europe/Rome", "UTC", "Asia/Kolkata", "Etc/GMT+5"])
def test_an_iana_name_is_a_zone(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Rome",
        "Europe",
        "Europe/",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "right/UTC",
        "a\0b",
        "CEST+1",
    ],
)
def test_what_is_no_iana_name_is_no_zone(name: str) -> None:
    assert not is_zone(name)


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Rome", "2026-03-29"),
        ("Europe/Rome", "2026-10-25"),
        ("America/New_York", "2026-11-01"),
        ("Pacific/Chatham", "2026-09-27"),
        ("Africa/Casablanca", "2026-02-15"),
        ("Pacific/Apia", "2011-12-30"),
        ("UTC", "2026-11-20"),
    ],
)
def test_a_local_clock_shows_what_the_zone_does_at_every_quarter_of_the_days_around_a_change(
    zone: str, around: str
) -> None:
    clock, begin = LocalClock(ZoneInfo(zone)), datetime.fromisoformat(f"{around}T00:00Z") - timedelta(days=2)
    instants = [begin + timedelta(minutes=15 * number) for number in range(4 * 96)]

    shown = [clock.local(at) for at in instants]

    assert shown == [at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) for at in instants]
    assert clock.dates(instants) == [at.date() for at in shown]


def test_a_local_clock_takes_instants_of_any_offset() -> None:
    at = datetime(2026, 7, 1, 23, 30, tzinfo=timezone(timedelta(hours=-5)))

    assert LocalClock(ZoneInfo("Europe/Rome")).local(at).isoformat() == "2026-07-02T06:30:00+00:00"


def test_a_local_clock_knows_the_last_day_there_is() -> None:
    at = datetime.fromisoformat("9999-12-31T23:59:59Z")

    assert LocalClock(ZoneInfo("UTC")).local(at).isoformat() == "9999-12-31T23:59:59+00:00"


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Rome", "2026-03-29"),
        ("Europe/Rome", "2026-10-25"),
        ("America/New_York", "2026-03-08"),
        ("Pacific/Chatham", "2026-04-05"),
        ("Africa/Casablanca", "2026-02-15"),
        ("Atlantic/Azores", "2027-10-31"),
        ("Pacific/Apia", "2011-12-30"),
    ],
)
def test_a_local_clock_finds_the_instants_of_local_times_as_they_are_found_one_by_one(
    zone: str, around: str
) -> None:
    clock, first = LocalClock(ZoneInfo(zone)), date.fromisoformat(around) - timedelta(days=9)
    times = [
        (first + timedelta(days=day), time(hour, minute))
        for day in range(18)
        for hour in range(24)
        for minute in (0, 30)
    ]

    found = [clock.instant(day, at) for day, at in times]

    assert found == [to_utc(day, at, ZoneInfo(zone)) for day, at in times]

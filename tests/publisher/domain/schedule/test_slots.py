"""The next free slot is by the rules of the site, and says how it came about."""

import time as clock
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chassis.refusal import RequestInvalid, StateConflict
from services.publisher.domain.publishing_settings import (
    IntervalUnit,
    Mode,
    PublishingSettings,
    ScheduleInterval,
    Weekday,
)
from services.publisher.domain.schedule.candidates import candidates
from services.publisher.domain.schedule.checks import check_times
from services.publisher.domain.schedule.limits import Reason
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.domain.schedule.slots import NoFreeSlot, next_free_slot, next_free_slots
from tests.publisher.domain.builders import NOW, settings

WEEKDAYS = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def found(
    rules: PublishingSettings, *, now: datetime = NOW, occupied: tuple[str, ...] = (), count: int = 1
) -> list[str]:
    """The next free slots as local times."""
    slots = next_free_slots(rules, occupied=Occupied.of(map(utc, occupied)), now=now, count=count)
    return [f"{slot.local:%Y-%m-%d %H:%M}" for slot in slots]


def test_slots_follow_each_other_by_days_and_times() -> None:
    rules = settings(publish_days=WEEKDAYS, publish_time_slots=(time(14), time(9)))

    assert found(rules, now=utc("2026-11-19T10:00"), count=4) == [
        "2026-11-19 14:00",
        "2026-11-20 09:00",
        "2026-11-20 14:00",
        "2026-11-23 09:00",
    ]


def test_a_slot_at_this_very_moment_is_over() -> None:
    assert found(settings(publish_time_slots=(time(8),)), now=utc("2026-11-16T08:00")) == ["2026-11-17 08:00"]


def test_a_taken_slot_is_passed_over_and_named() -> None:
    slot = next_free_slot(
        settings(publish_time_slots=(time(9),)), occupied=Occupied.of([utc("2026-11-16T09:00")]), now=NOW
    )

    assert slot.at == utc("2026-11-17T09:00")
    assert slot.explanation == (
        "Tuesday, 17 November 2026 at 09:00 (UTC) is a publishing time of the site. "
        "Moved on because Monday, 16 November 2026 at 09:00 is taken."
    )


@pytest.mark.parametrize(
    ("limit", "occupied", "slot", "reason", "said"),
    [
        (
            "daily_limit",
            "2026-11-16T06:00",
            "2026-11-17 09:00",
            Reason.DAILY_LIMIT,
            "1 of 1 publications a day",
        ),
        (
            "weekly_limit",
            "2026-11-22T23:59",
            "2026-11-23 09:00",
            Reason.WEEKLY_LIMIT,
            "1 of 1 publications a week",
        ),
        (
            "monthly_limit",
            "2026-11-01T00:00",
            "2026-12-01 09:00",
            Reason.MONTHLY_LIMIT,
            "November 2026 is full",
        ),
    ],
)
def test_a_full_day_week_or_month_moves_on_and_says_so(
    limit: str, occupied: str, slot: str, reason: Reason, said: str
) -> None:
    rules = settings(**{limit: 1})

    chosen = next_free_slot(rules, occupied=Occupied.of([utc(occupied)]), now=NOW)

    assert f"{chosen.local:%Y-%m-%d %H:%M}" == slot
    assert [moved.reason for moved in chosen.moved_on] == [reason]
    assert said in chosen.explanation


def test_limits_count_in_the_days_of_the_site_and_not_of_utc() -> None:
    rules = settings(time_zone="America/New_York", daily_limit=1, publish_time_slots=(time(9),))

    # 04:30 UTC on the 17th is still the 16th in New York.
    assert found(rules, now=utc("2026-11-16T10:00"), occupied=("2026-11-17T04:30",)) == ["2026-11-17 09:00"]


def test_each_given_slot_counts_against_the_limits_of_the_next() -> None:
    rules = settings(daily_limit=1, weekly_limit=2)

    assert found(rules, count=3) == ["2026-11-16 09:00", "2026-11-17 09:00", "2026-11-23 09:00"]


@pytest.mark.parametrize(
    ("zone", "now", "slots", "utc_slots"),
    [
        ("Europe/Rome", "2026-03-28T12:00", ["2026-03-29 03:30", "2026-03-30 02:30"], ["01:30", "00:30"]),
        ("Europe/Rome", "2026-10-24T12:00", ["2026-10-25 02:30", "2026-10-26 02:30"], ["00:30", "01:30"]),
        (
            "America/New_York",
            "2026-03-07T12:00",
            ["2026-03-08 03:30", "2026-03-09 02:30"],
            ["07:30", "06:30"],
        ),
        (
            "America/New_York",
            "2026-10-31T12:00",
            ["2026-11-01 02:30", "2026-11-02 02:30"],
            ["07:30", "07:30"],
        ),
    ],
)
def test_a_slot_at_half_past_two_over_the_clock_changes(
    zone: str, now: str, slots: list[str], utc_slots: list[str]
) -> None:
    rules = settings(time_zone=zone, publish_time_slots=(time(2, 30),))

    chosen = next_free_slots(rules, occupied=Occupied(), now=utc(now), count=2)

    assert [f"{slot.local:%Y-%m-%d %H:%M}" for slot in chosen] == slots
    assert [f"{slot.at:%H:%M}" for slot in chosen] == utc_slots


def test_a_doubled_hour_holds_its_slot_once_and_first() -> None:
    rules = settings(time_zone="America/New_York", publish_time_slots=(time(1, 30),))

    chosen = next_free_slots(rules, occupied=Occupied(), now=utc("2026-11-01T04:00"), count=2)

    assert [slot.at for slot in chosen] == [utc("2026-11-01T05:30"), utc("2026-11-02T06:30")]


def test_two_times_that_a_missing_hour_makes_one_are_one_slot_in_order() -> None:
    rules = settings(time_zone="Europe/Rome", publish_time_slots=(time(2), time(2, 30), time(3), time(3, 15)))

    assert found(rules, now=utc("2026-03-28T23:30"), count=3) == [
        "2026-03-29 03:00",
        "2026-03-29 03:15",
        "2026-03-29 03:30",
    ]


def test_an_interval_of_days_keeps_the_clock_over_a_clock_change() -> None:
    interval = ScheduleInterval(every=2, unit=IntervalUnit.DAYS, starts_at=utc("2026-03-27T08:00"))
    rules = settings(time_zone="Europe/Rome", mode=Mode.INTERVAL, schedule_interval=interval)

    assert found(rules, now=utc("2026-03-27T08:00"), count=2) == ["2026-03-29 09:00", "2026-03-31 09:00"]


def test_an_interval_of_hours_is_elapsed_time() -> None:
    interval = ScheduleInterval(every=12, unit=IntervalUnit.HOURS, starts_at=utc("2026-03-28T08:00"))
    rules = settings(time_zone="Europe/Rome", mode=Mode.INTERVAL, schedule_interval=interval)

    assert found(rules, now=utc("2026-03-28T09:00"), count=2) == ["2026-03-28 21:00", "2026-03-29 10:00"]


def test_an_interval_begins_at_its_start_and_not_before() -> None:
    interval = ScheduleInterval(every=1, unit=IntervalUnit.HOURS, starts_at=utc("2026-12-01T08:00"))
    rules = settings(mode=Mode.INTERVAL, schedule_interval=interval)

    assert found(rules) == ["2026-12-01 08:00"]


def test_an_interval_without_a_start_keeps_one_rhythm_whenever_it_is_asked() -> None:
    rules = settings(mode=Mode.INTERVAL, schedule_interval=ScheduleInterval(every=3))

    first, second = (
        next_free_slot(rules, occupied=Occupied(), now=NOW + timedelta(days=days)).at for days in (0, 3)
    )

    assert second - first == timedelta(days=3)


def test_a_full_day_moves_an_interval_to_the_next_day() -> None:
    interval = ScheduleInterval(every=5, unit=IntervalUnit.HOURS, starts_at=utc("2026-11-16T00:00"))
    rules = settings(mode=Mode.INTERVAL, schedule_interval=interval, daily_limit=2)

    assert found(rules, count=3) == ["2026-11-16 10:00", "2026-11-16 15:00", "2026-11-17 01:00"]


def test_immediate_is_now() -> None:
    slot = next_free_slot(settings(mode=Mode.IMMEDIATE), occupied=Occupied(), now=NOW)

    assert (slot.at, slot.explanation.endswith("is at once.")) == (NOW, True)


def test_two_at_once_have_a_moment_each() -> None:
    slots = next_free_slots(settings(mode=Mode.IMMEDIATE), occupied=Occupied(), now=NOW, count=2)

    assert [slot.at for slot in slots] == [NOW, NOW + timedelta(milliseconds=1)]


def test_those_that_are_caught_up_with_are_a_second_apart() -> None:
    now = NOW + timedelta(milliseconds=300)

    slots = next_free_slots(
        settings(mode=Mode.IMMEDIATE, daily_limit=2),
        occupied=Occupied(),
        now=now,
        count=4,
        apart=timedelta(seconds=1),
    )

    midnight = utc("2026-11-17T00:00")
    second = timedelta(seconds=1)
    assert [slot.at for slot in slots] == [NOW + second, NOW + 2 * second, midnight, midnight + second]


def test_immediate_waits_for_midnight_of_the_next_day_with_room() -> None:
    rules = settings(mode=Mode.IMMEDIATE, time_zone="Europe/Rome", daily_limit=1)

    assert found(rules, occupied=("2026-11-16T07:00",)) == ["2026-11-17 00:00"]


def test_a_slot_at_midnight_is_found_behind_a_full_month() -> None:
    rules = settings(publish_time_slots=(time(0),), monthly_limit=1)

    assert found(rules, occupied=("2026-11-02T00:00",)) == ["2026-12-01 00:00"]


def test_a_calendar_without_room_for_twenty_years_is_refused_with_the_way_out() -> None:
    interval = ScheduleInterval(every=1, unit=IntervalUnit.DAYS, starts_at=utc("2090-01-01T00:00"))
    rules = settings(mode=Mode.INTERVAL, schedule_interval=interval)

    with pytest.raises(NoFreeSlot, match="Raise a limit or add days and times") as refused:
        next_free_slot(rules, occupied=Occupied(), now=NOW)

    assert refused.value.reason == "STATE_CONFLICT"


@pytest.mark.parametrize("count", [0, -1, 101])
def test_slots_are_asked_for_by_1_to_100(count: int) -> None:
    with pytest.raises(RequestInvalid):
        next_free_slots(settings(), occupied=Occupied(), now=NOW, count=count)


def test_an_exact_time_with_room_is_allowed_off_the_slots() -> None:
    check_times(
        settings(daily_limit=1),
        [utc("2026-11-17T11:11")],
        occupied=Occupied.of([utc("2026-11-16T09:00")]),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({}, "at 09:00 is taken"),
        (
            {"daily_limit": 1},
            "Tuesday, 17 November 2026 is full: 1 of 1 publications a day. Choose another time",
        ),
        ({"weekly_limit": 1}, "The week of Monday, 16 November 2026 is full"),
        ({"monthly_limit": 1}, "November 2026 is full"),
    ],
)
def test_an_exact_time_without_room_is_refused_by_the_limit_it_breaks(
    limits: dict[str, int], said: str
) -> None:
    at = utc("2026-11-17T09:00")

    with pytest.raises(StateConflict, match=said):
        check_times(settings(**limits), [at], occupied=Occupied.of([at]), now=NOW)


def test_an_exact_time_in_the_past_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="in the past"):
        check_times(settings(), [NOW - timedelta(seconds=1)], occupied=Occupied(), now=NOW)


def test_the_next_slot_behind_5000_scheduled_is_found_fast() -> None:
    rules = settings(time_zone="Europe/Rome", daily_limit=3, weekly_limit=15, monthly_limit=60)
    occupied: list[datetime] = []
    day = NOW
    while len(occupied) < 5_000:
        month = sum(each.month == day.month and each.year == day.year for each in occupied[-70:])
        occupied.extend(day.replace(hour=8 + hour) for hour in range(2) if month < 60)
        day += timedelta(days=1)

    began = clock.process_time()
    slot = next_free_slot(rules, occupied=Occupied.of(occupied), now=NOW)

    assert clock.process_time() - began < 0.5
    assert slot.at > NOW


limit = st.none() | st.integers(1, 4)
rules_of_any_site = st.builds(
    PublishingSettings,
    site_id=st.just("site-1"),
    account_id=st.just("account-1"),
    time_zone=st.sampled_from(
        [
            "UTC",
            "Europe/Rome",
            "America/New_York",
            "Asia/Kolkata",
            "Pacific/Chatham",
            "Africa/Casablanca",
            "Pacific/Apia",
        ]
    ),
    mode=st.sampled_from(Mode),
    schedule_interval=st.builds(
        ScheduleInterval,
        every=st.integers(1, 30),
        unit=st.sampled_from(IntervalUnit),
        starts_at=st.none() | st.just(datetime(2026, 2, 3, 4, 5, tzinfo=UTC)),
    ),
    publish_days=st.frozensets(st.sampled_from(Weekday), min_size=1),
    publish_time_slots=st.lists(
        st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])), min_size=1, max_size=6, unique=True
    ).map(tuple),
    daily_limit=limit,
    weekly_limit=limit,
    monthly_limit=limit,
)
instants = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: utc("2026-01-01T00:00") + timedelta(seconds=seconds)
)


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    rules=rules_of_any_site,
    now=instants,
    days=st.lists(st.integers(-40, 40), max_size=8),
    count=st.integers(1, 12),
)
def test_no_limit_is_passed_no_slot_is_used_twice_and_none_is_past(
    rules: PublishingSettings, now: datetime, days: list[int], count: int
) -> None:
    occupied = [now + timedelta(days=day) for day in days]

    slots = next_free_slots(rules, occupied=Occupied.of(occupied), now=now, count=count)

    at = [slot.at for slot in slots]
    assert all(each >= now for each in at)
    assert at == sorted(set(at) - set(occupied))
    local = [each.astimezone(ZoneInfo(rules.time_zone)).date() for each in [*at, *occupied]]
    new = [slot.local.date() for slot in slots]
    for key, allowed in (
        ("%Y-%m-%d", rules.daily_limit),
        ("%G-%V", rules.weekly_limit),
        ("%Y-%m", rules.monthly_limit),
    ):
        counts = Counter(day.strftime(key) for day in local)
        # What was over its limit already stays so; nothing was added there.
        assert allowed is None or all(counts[day.strftime(key)] <= allowed for day in new)


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    rules=rules_of_any_site,
    now=instants,
    days=st.lists(st.integers(-40, 40), max_size=8),
    count=st.integers(2, 12),
)
def test_the_preview_shows_what_the_scheduler_will_take_one_by_one_and_why(
    rules: PublishingSettings, now: datetime, days: list[int], count: int
) -> None:
    occupied = Occupied.of(next(candidates(rules, after=now + timedelta(days=day))) for day in days)

    shown = next_free_slots(rules, occupied=occupied, now=now, count=count)

    for slot in shown:
        assert slot == next_free_slot(rules, occupied=occupied, now=now)
        occupied.add(slot.at)

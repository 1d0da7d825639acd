"""Settings that could not work are refused, every fault by its field."""

from datetime import time
from typing import Any

import pytest

from chassis.refusal import RequestInvalid
from services.publisher.domain.publishing_settings import (
    IntervalUnit,
    Mode,
    PublishingSettings,
    QualityGates,
    ScheduleInterval,
)
from tests.publisher.domain.builders import settings


def test_the_defaults_of_a_new_site_do_nothing_on_their_own() -> None:
    given = PublishingSettings(site_id="site-1", account_id="account-1")

    assert (given.auto_approve_content, given.auto_schedule, given.time_zone) == (False, False, "UTC")


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"time_zone": "Rome"}, "time_zone"),
        ({"publish_days": frozenset()}, "publish_days"),
        ({"publish_time_slots": ()}, "publish_time_slots"),
        ({"publish_time_slots": (time(9), time(9))}, "publish_time_slots"),
        ({"publish_time_slots": tuple(time(n // 60, n % 60) for n in range(49))}, "publish_time_slots"),
        ({"schedule_interval": ScheduleInterval(every=0)}, "schedule_interval"),
        ({"schedule_interval": ScheduleInterval(every=367)}, "schedule_interval"),
        ({"schedule_interval": ScheduleInterval(every=10**6, unit=IntervalUnit.HOURS)}, "schedule_interval"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"weekly_limit": -1}, "weekly_limit"),
        ({"monthly_limit": 10_001}, "monthly_limit"),
        ({"quality_gates": QualityGates(words_min=-1)}, "quality_gates"),
    ],
)
def test_a_setting_that_could_not_work_is_refused_by_its_field(fault: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        settings(**fault)

    assert [each.field for each in refused.value.fields] == [field]


def test_all_faults_come_in_one_refusal() -> None:
    with pytest.raises(RequestInvalid) as refused:
        settings(time_zone="", daily_limit=0, weekly_limit=0)

    assert [each.field for each in refused.value.fields] == ["time_zone", "daily_limit", "weekly_limit"]


@pytest.mark.parametrize("mode", [Mode.INTERVAL, Mode.IMMEDIATE])
def test_days_and_times_are_needed_in_mode_slots_only(mode: Mode) -> None:
    assert settings(mode=mode, publish_days=frozenset(), publish_time_slots=()).mode is mode

"""How long a run has gone on, and the guess how long it will."""

from datetime import timedelta

import pytest

from services.ai.domain.run_clock import PAST_RUNS, THIS_RUN, Clock, StageLeft, TimeLeft, time_left
from tests.ai.domain.builders import NOW


def test_a_run_that_goes_on_ages_and_one_that_has_ended_does_not() -> None:
    going = Clock(created_at=NOW, finished_at=None, paused_at=None, paused_seconds=0)
    ended = Clock(created_at=NOW, finished_at=NOW + timedelta(seconds=90), paused_at=None, paused_seconds=0)
    later = NOW + timedelta(minutes=10)

    assert (going.elapsed_seconds(later), ended.elapsed_seconds(later)) == (600, 90)


def test_pauses_count_as_elapsed_and_not_as_active() -> None:
    clock = Clock(created_at=NOW, finished_at=None, paused_at=NOW + timedelta(seconds=100), paused_seconds=30)

    assert clock.elapsed_seconds(NOW + timedelta(seconds=500)) == 500
    assert clock.active_seconds(NOW + timedelta(seconds=500)) == 70


def test_the_pace_of_the_run_itself_is_the_basis_once_something_has_ended() -> None:
    left = time_left([StageLeft(10, 4)], active_seconds=40, expected_seconds=1_000)

    assert left == TimeLeft(60, THIS_RUN)


def test_before_that_past_runs_are() -> None:
    assert time_left([StageLeft(10, 0)], active_seconds=5, expected_seconds=100) == TimeLeft(95, PAST_RUNS)


def test_without_either_there_is_no_guess() -> None:
    assert time_left([StageLeft(10, 0)], active_seconds=5, expected_seconds=0) is None


@pytest.mark.parametrize(
    ("first", "seconds"), [(StageLeft(2, 1), 120), (StageLeft(2, 2), 10)], ids=["growing", "full grown"]
)
def test_a_later_stage_may_grow_to_what_was_expected_while_an_earlier_one_has_items_left(
    first: StageLeft, seconds: int
) -> None:
    stages = [first, StageLeft(total=1, ended=0, expected=11)]

    assert time_left(stages, active_seconds=10 * first.ended, expected_seconds=0) == TimeLeft(
        seconds, THIS_RUN
    )

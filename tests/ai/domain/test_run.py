"""A run's moves between its states."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.refusal import StateConflict
from services.ai.domain.run import (
    ACTIVE,
    ENDED,
    CreditsRemaining,
    HeldUp,
    PauseReason,
    Run,
    RunBudgetExceeded,
    RunStatus,
)
from services.ai.domain.run_clock import THIS_RUN, TimeLeft
from services.ai.domain.stages import Stage
from tests.ai.domain.builders import NOW, a_run

BUSY = {Stage.CONTENT: {"total": 4, "in_flight": 1}}


def test_a_run_with_work_in_flight_is_pausing_until_that_has_ended() -> None:
    run = a_run(progress=BUSY)

    paused = run.pause(HeldUp(reason=PauseReason.USER), now=NOW)

    assert paused.status is RunStatus.PAUSING
    assert paused.pause_reason is PauseReason.USER


def test_a_run_with_nothing_in_flight_is_paused_at_once() -> None:
    run = a_run(progress={Stage.CONTENT: {"total": 4}})

    paused = run.pause(HeldUp(reason=PauseReason.INSUFFICIENT_CREDITS), now=NOW)

    assert paused.status is RunStatus.PAUSED
    assert paused.pause_reason is PauseReason.INSUFFICIENT_CREDITS


@pytest.mark.parametrize(
    ("passing", "resting"),
    [(RunStatus.PAUSING, RunStatus.PAUSED), (RunStatus.CANCELLING, RunStatus.CANCELLED)],
)
def test_a_passing_state_rests_when_nothing_is_in_flight(passing: RunStatus, resting: RunStatus) -> None:
    assert a_run(status=passing).settled(now=NOW).status is resting


def test_pausing_twice_keeps_the_first_reason() -> None:
    paused = a_run(progress=BUSY).pause(HeldUp(reason=PauseReason.BUDGET_REACHED), now=NOW)

    again = paused.pause(HeldUp(reason=PauseReason.USER), now=NOW)

    assert again == paused


def test_a_paused_run_goes_on_and_forgets_why_it_was_paused() -> None:
    run = a_run(
        progress={Stage.CONTENT: {"total": 1}}, status=RunStatus.PAUSED, pause_reason=PauseReason.USER
    )

    resumed = run.resume(now=NOW)

    assert (resumed.status, resumed.pause_reason) == (RunStatus.RUNNING, None)


def test_a_run_that_is_still_pausing_can_be_resumed() -> None:
    assert a_run(progress=BUSY, status=RunStatus.PAUSING).resume(now=NOW).status is RunStatus.RUNNING


def test_resuming_a_running_run_and_cancelling_twice_change_nothing() -> None:
    running = a_run(progress=BUSY)
    cancelling = running.cancel(now=NOW)

    assert running.resume(now=NOW) is running
    assert cancelling.cancel(now=NOW) is cancelling


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize("move", ["pause", "resume", "cancel"])
def test_an_ended_run_refuses_to_move_and_names_its_state(status: RunStatus, move: str) -> None:
    run = a_run(status=status)
    moves = {
        "pause": lambda: run.pause(HeldUp(reason=PauseReason.USER), now=NOW),
        "resume": lambda: run.resume(now=NOW),
        "cancel": lambda: run.cancel(now=NOW),
    }

    if status is RunStatus.CANCELLED and move == "cancel":
        assert run.cancel(now=NOW) is run
        return
    with pytest.raises(StateConflict) as refused:
        moves[move]()

    assert refused.value.metadata["state"] == status


def test_a_run_is_completed_when_every_item_has_ended_even_if_some_failed() -> None:
    run = a_run(progress={Stage.CONTENT: {"total": 3, "done": 2, "failed": 1}})

    settled = run.settled(now=NOW)

    assert settled.status is RunStatus.COMPLETED
    assert settled.finished_at == NOW


def test_a_run_of_which_nothing_could_be_done_has_failed_and_frees_its_site() -> None:
    run = a_run(progress={Stage.CONTENT: {"total": 3, "failed": 2, "skipped": 1}})

    settled = run.settled(now=NOW)

    assert settled.status is RunStatus.FAILED
    assert settled.status in ENDED
    assert settled.finished_at == NOW


def test_a_run_of_which_everything_was_skipped_has_not_failed() -> None:
    run = a_run(progress={Stage.CONTENT: {"total": 2, "skipped": 2}})

    assert run.settled(now=NOW).status is RunStatus.COMPLETED


def test_a_failed_run_goes_on_with_items_that_are_retried_and_forgets_its_error() -> None:
    failed = a_run(status=RunStatus.FAILED, error="It was refused.", finished_at=NOW)

    going = failed.reopened(now=NOW + timedelta(minutes=5))

    assert (going.status, going.error, going.finished_at) == (RunStatus.RUNNING, "", None)


def test_a_run_with_a_waiting_item_is_not_completed() -> None:
    assert (
        a_run(progress={Stage.CONTENT: {"total": 3, "done": 2}}).settled(now=NOW).status is RunStatus.RUNNING
    )


@pytest.mark.parametrize("move", ["resume", "cancel"])
def test_a_run_knows_how_long_it_stood_still(move: str) -> None:
    paused = a_run(progress={Stage.CONTENT: {"total": 4}}).pause(HeldUp(reason=PauseReason.USER), now=NOW)

    going = getattr(paused, move)(now=NOW + timedelta(seconds=70))

    assert (paused.paused_at, going.paused_at, going.paused_seconds) == (NOW, None, 70)


@pytest.mark.parametrize(
    ("run", "remaining"),
    [
        ({"max_credits": 100}, CreditsRemaining(70, "limit")),
        ({"max_credits": 20}, CreditsRemaining(0, "limit")),
        ({}, CreditsRemaining(15, "estimate")),
        ({"status": RunStatus.PAUSED}, CreditsRemaining(15, "estimate")),
        ({"status": RunStatus.COMPLETED}, CreditsRemaining(0, "estimate")),
    ],
)
def test_what_remains_is_that_of_the_limit_and_without_one_that_of_the_estimate(
    run: dict[str, Any], remaining: CreditsRemaining
) -> None:
    progress = {
        Stage.CONTENT: {"credits_used": 30, "credits_expected": 40, "estimate_basis": "quote"},
        Stage.IMAGES: {"credits_expected": 5, "estimate_basis": "quote"},
    }

    assert a_run(progress=progress, **run).credits_remaining == remaining


def test_nothing_remains_to_be_expected_of_a_run_that_used_more() -> None:
    progress = {Stage.CONTENT: {"credits_used": 30, "credits_expected": 20, "estimate_basis": "quote"}}

    assert a_run(progress=progress).credits_remaining == CreditsRemaining(0, "estimate")


def test_what_remains_of_a_run_without_limit_and_estimate_is_not_known() -> None:
    assert a_run(progress={Stage.CONTENT: {"credits_used": 30}}).credits_remaining is None


def test_every_state_is_active_or_ended() -> None:
    assert set(RunStatus) == ACTIVE | ENDED
    assert not ACTIVE & ENDED


def test_percent_counts_ended_items_of_those_known() -> None:
    run = a_run(progress={Stage.CLUSTER: {"total": 1, "done": 1}, Stage.IDEAS: {"total": 7, "done": 1}})

    assert run.percent == 25.0


def test_time_left_is_unknown_before_anything_ended_and_then_follows_the_pace() -> None:
    later = NOW + timedelta(seconds=60)

    assert a_run(progress=BUSY).time_left(later) is None
    assert a_run(progress={Stage.CONTENT: {"total": 4, "done": 1}}).time_left(later) == TimeLeft(
        180, THIS_RUN
    )


def budgeted(*, used: int) -> Run:
    return a_run(max_credits=100, progress={Stage.CONTENT: {"total": 9, "credits_used": used}})


def test_an_item_is_admitted_up_to_the_last_credit_of_the_limit() -> None:
    budgeted(used=86).admit(7, held=7)


def test_credits_that_others_hold_count_against_the_limit() -> None:
    with pytest.raises(RunBudgetExceeded) as refused:
        budgeted(used=91).admit(7, held=7)

    assert refused.value.metadata == {"scope": "run", "limit": "100", "left": "2", "required": "7"}


def test_a_run_without_a_limit_admits_everything() -> None:
    a_run(max_credits=0).admit(10**9, held=10**9)

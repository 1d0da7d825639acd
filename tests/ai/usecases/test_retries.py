"""Retrying failed items on the database: these and no others, in the same run, once."""

from collections.abc import Callable
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.refusal import NotFound, RequestInvalid, StateConflict
from services.ai.domain.function_names import NothingToDo
from services.ai.domain.run import Run, RunAlreadyActive, RunStatus
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.usecases.retries import Retry, retry_failed_items
from tests.ai.runs import Desk, ids_of

IDEAS = Stage.IDEAS


def retry(desk: Desk, run: Run, **what: Any) -> tuple[Run, int]:
    snapshot, count = desk.run(
        retry_failed_items,
        run_id=run.id,
        account_id=what.pop("account_id", run.account_id),
        retry=Retry(**what),
        now=desk.now,
    )
    return snapshot.run, count


def ended(desk: Desk, *, good: int, failing: int, **settings: Any) -> Run:
    """A run of which so many items succeeded for 5 credits and so many failed."""
    run = desk.start(clusters=good + failing, concurrency=8, **settings)
    for number in range(good + failing):
        error = "The model refused it." if number >= good else ""
        desk.end(desk.begin(desk.jobs()[number]), error=error, credits_used=0 if error else 5)
    return desk.read(run)


def failed(desk: Desk, run: Run) -> list[RunItem]:
    return [item for item in desk.items(run) if item.status is RunItemStatus.FAILED]


def test_a_run_that_failed_goes_on_too_and_is_completed_in_the_end(desk: Desk) -> None:
    run = ended(desk, good=0, failing=2)
    assert (run.status, run.error) == (RunStatus.FAILED, failed(desk, run)[0].error)
    assert run.error
    before = len(desk.jobs())

    going, _ = retry(desk, run)
    for job in desk.jobs()[before:]:
        desk.end(desk.begin(job), credits_used=5)

    assert (going.status, going.error) == (RunStatus.RUNNING, "")
    assert desk.read(run).status is RunStatus.COMPLETED


def test_a_completed_run_goes_on_with_its_failed_items_and_no_others(desk: Desk) -> None:
    run = ended(desk, good=3, failing=2)
    assert run.status is RunStatus.COMPLETED
    failing = [item.id for item in failed(desk, run)]
    before = len(desk.jobs())

    going, count = retry(desk, run)

    assert (going.status, going.finished_at, count) == (RunStatus.RUNNING, None, 2)
    assert sorted(desk.jobs()[before:]) == sorted(failing)
    for job in desk.jobs()[before:]:
        desk.end(desk.begin(job), credits_used=5)
    after = desk.read(run)
    assert (after.status, after.progress(IDEAS).done, after.progress(IDEAS).failed) == (
        RunStatus.COMPLETED, 5, 0,
    )  # fmt: skip
    assert after.credits_used == 25
    assert {item.retries for item in desk.items(run)} == {0, 1}
    assert desk.sequences() == list(range(1, len(desk.sequences()) + 1))


def test_only_the_items_that_are_named_are_retried(desk: Desk) -> None:
    run = ended(desk, good=0, failing=3)
    wanted = failed(desk, run)[1]

    _, count = retry(desk, run, item_ids=[wanted.id])

    assert count == 1
    assert desk.jobs()[-1] == wanted.id


def test_a_retried_item_may_fail_again_and_be_retried_again(desk: Desk) -> None:
    run = ended(desk, good=1, failing=1)
    retry(desk, run)
    desk.end(desk.begin(desk.jobs()[-1]), error="Again.")

    _, count = retry(desk, run)

    assert count == 1
    assert desk.items(run)[1].retries == 2


def test_what_an_item_cost_before_stays_counted(desk: Desk) -> None:
    run = desk.start(clusters=1)
    desk.end(desk.begin(desk.jobs()[0]), error="Half of it.", credits_used=3)
    retry(desk, run)

    desk.end(desk.begin(desk.jobs()[-1]), credits_used=5)

    assert desk.items(run)[0].credits_used == desk.read(run).credits_used == 8


def test_models_may_be_changed_before(desk: Desk) -> None:
    going, _ = retry(desk, ended(desk, good=0, failing=1), text_model="another-1")

    assert (going.text_model, going.image_model) == ("another-1", "")


def test_an_item_may_get_other_inputs(desk: Desk) -> None:
    run = desk.start(keywords=3, enabled=[Stage.CLUSTER], batch_size=3)
    desk.end(desk.begin(desk.jobs()[0]), error="The third keyword.")
    [item] = desk.items(run)

    retry(desk, run, inputs={item.id: item.input_ids[:2]})

    assert desk.items(run)[0].input_ids == item.input_ids[:2]


def test_inputs_of_another_item_are_not_taken_from_it(desk: Desk) -> None:
    run = ended(desk, good=1, failing=1)
    good, bad = desk.items(run)

    with pytest.raises(RequestInvalid):
        retry(desk, run, inputs={bad.id: good.input_ids})

    assert desk.read(run).status is RunStatus.COMPLETED


def test_a_run_that_goes_on_takes_the_failed_item_up_at_once_and_a_paused_one_when_resumed(
    desk: Desk,
) -> None:
    run = desk.start(clusters=4, concurrency=1)
    desk.end(desk.begin(desk.jobs()[0]), error="No.")
    desk.pause(run)

    paused, _ = retry(desk, run)

    assert paused.status is RunStatus.PAUSED
    assert paused.progress(IDEAS).failed == 0
    desk.resume(run)
    assert desk.jobs()[-1] == desk.jobs()[0]


def test_the_time_at_rest_is_not_the_pace_of_the_run(desk: Desk) -> None:
    run = ended(desk, good=1, failing=1)
    desk.clock.advance(hours=5)

    going, _ = retry(desk, run)

    assert going.clock.active_seconds(desk.now) == 0
    assert going.clock.elapsed_seconds(desk.now) == 5 * 3600


def test_nothing_failed_is_nothing_to_do(desk: Desk) -> None:
    with pytest.raises(NothingToDo):
        retry(desk, ended(desk, good=1, failing=0))


@pytest.mark.parametrize("item_of", [lambda item: item.id, lambda _: new_id()], ids=["succeeded", "unknown"])
def test_an_item_that_has_not_failed_is_not_found(desk: Desk, item_of: Callable[[RunItem], str]) -> None:
    run = ended(desk, good=1, failing=1)

    with pytest.raises(NotFound):
        retry(desk, run, item_ids=[item_of(desk.items(run)[0])])


def test_a_cancelled_run_stays_cancelled(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=1)
    desk.end(desk.begin(desk.jobs()[0]), error="No.")
    desk.cancel(run)

    with pytest.raises(StateConflict):
        retry(desk, run)


def test_a_site_that_runs_another_meanwhile_says_which(desk: Desk) -> None:
    run = ended(desk, good=1, failing=1)
    other = desk.start(clusters=1)

    with pytest.raises(RunAlreadyActive) as refused:
        retry(desk, run)

    assert refused.value.metadata["run_id"] == other.id


def test_the_failed_items_of_another_account_s_run_are_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        retry(desk, ended(desk, good=0, failing=1), account_id=new_id())


def test_a_retried_item_s_outputs_flow_on(desk: Desk) -> None:
    run = ended(desk, good=0, failing=1, enabled=[IDEAS, Stage.TASKS])
    retry(desk, run)

    desk.end(desk.begin(desk.jobs()[-1]), flow=ids_of(2), outputs=2)

    assert desk.read(run).progress(Stage.TASKS).inputs == 2


def test_a_limit_may_be_raised_when_a_run_is_resumed(desk: Desk) -> None:
    run = desk.start(clusters=3, max_credits=10)
    desk.pause(run)

    assert desk.resume(run, max_credits=50).max_credits == 50
    assert desk.resume(run, max_credits=0).max_credits == 0
    assert desk.resume(run).max_credits == 0

"""Starting and steering runs on the database: one per site, items within their limits, an event for every change."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from igny8.ai import v1 as ai

from chassis.ids import new_id
from chassis.paging import PageRequest
from chassis.refusal import NotFound, Refusal, StateConflict
from chassis.wire_json import to_dict
from services.ai import convert
from services.ai.domain.function_names import NothingToDo
from services.ai.domain.run import ENDED, PauseReason, RunAlreadyActive, RunStatus
from services.ai.domain.run_fold import at, fold
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Output, Stage
from services.ai.usecases import runs
from services.ai.usecases.run_steps import Begun
from tests.ai.runs import Desk, ids_of

CLUSTER, IDEAS, CONTENT = Stage.CLUSTER, Stage.IDEAS, Stage.CONTENT


def test_of_eight_starts_at_once_one_runs_and_seven_hear_its_id(desk: Desk) -> None:
    def start(_: int) -> str:
        try:
            return desk.start(clusters=1).id
        except RunAlreadyActive as refused:
            return f"refused for {refused.metadata['run_id']}"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(start, range(8)))

    run_id = answers[0]
    assert answers == [run_id] + [f"refused for {run_id}"] * 7


@pytest.mark.parametrize("status", sorted(ENDED))
def test_every_final_state_frees_the_site(desk: Desk, status: RunStatus) -> None:
    desk.set_status(desk.start(clusters=1), status)

    assert desk.start(clusters=1).status is RunStatus.RUNNING


@pytest.mark.parametrize("status", ["pausing", "paused", "cancelling"])
def test_a_run_that_has_not_ended_keeps_the_site(desk: Desk, status: str) -> None:
    desk.set_status(desk.start(clusters=1), RunStatus(status))

    with pytest.raises(RunAlreadyActive):
        desk.start(clusters=1)


def test_two_sites_run_beside_each_other(desk: Desk) -> None:
    desk.start(clusters=1)

    assert desk.start(clusters=1, site_id=new_id()).status is RunStatus.RUNNING


def test_a_run_with_nothing_to_do_is_refused_and_leaves_the_site_free(desk: Desk) -> None:
    with pytest.raises(NothingToDo):
        desk.start(clusters=0)

    assert desk.start(clusters=1).status is RunStatus.RUNNING


def test_inputs_of_stages_that_are_off_are_nothing_to_do(desk: Desk) -> None:
    with pytest.raises(NothingToDo):
        desk.start(clusters=3, enabled=[Stage.CONTENT])


def test_items_are_handed_out_up_to_the_stage_s_concurrency(desk: Desk) -> None:
    run = desk.start(clusters=9, concurrency=3)

    assert len(desk.jobs()) == 3
    assert (run.progress(IDEAS).total, run.progress(IDEAS).in_flight) == (9, 3)


def test_each_end_hands_the_next_one_out(desk: Desk) -> None:
    run = desk.start(clusters=4, concurrency=2)

    desk.end(desk.begin(desk.jobs()[0]))

    assert len(desk.jobs()) == 3
    assert desk.read(run).progress(IDEAS).in_flight == 2


def test_a_limit_of_items_per_run_counts_inputs(desk: Desk) -> None:
    run = desk.start(clusters=9, max_items_per_run=4)

    assert run.progress(IDEAS).total == 4


def test_outputs_become_items_of_the_next_stage_in_the_same_breath(desk: Desk) -> None:
    run = desk.start(clusters=1, enabled=[IDEAS, Stage.TASKS])

    desk.end(desk.begin(desk.jobs()[0]), flow=ids_of(3), outputs=3, credits_used=5)

    after = desk.read(run)
    assert (after.progress(IDEAS).done, after.progress(IDEAS).outputs) == (1, 3)
    assert (after.progress(Stage.TASKS).total, after.progress(Stage.TASKS).inputs) == (1, 3)
    assert after.credits_used == 5


def test_an_input_that_two_items_lead_to_is_planned_once(desk: Desk) -> None:
    run = desk.start(keywords=2, enabled=[CLUSTER, IDEAS], batch_size=1, concurrency=2)
    shared = ids_of(1)

    for job in desk.jobs()[:2]:
        desk.end(desk.begin(job), flow=shared, outputs=1)

    assert desk.read(run).progress(IDEAS).total == 1


def test_an_input_of_the_snapshot_that_an_item_leads_to_again_is_planned_once(desk: Desk) -> None:
    run = desk.start(keywords=1, clusters=1, enabled=[CLUSTER, IDEAS])
    waiting = desk.items(run, IDEAS)[0].input_ids[0]
    job = next(job for job in desk.jobs() if desk.item(job).stage is CLUSTER)

    desk.end(desk.begin(job), flow=[Output(id=waiting, label="the same cluster")], outputs=1)

    assert desk.read(run).progress(IDEAS).total == 1


def test_the_last_end_completes_the_run(desk: Desk) -> None:
    run = desk.start(clusters=1)

    desk.end(desk.begin(desk.jobs()[0]))

    after = desk.read(run)
    assert (after.status, after.percent, after.finished_at) == (RunStatus.COMPLETED, 100.0, desk.now)
    assert desk.told() == ["started", "progressed", "completed"]


def test_a_run_completes_with_failed_items(desk: Desk) -> None:
    run = desk.start(clusters=2)

    desk.end(desk.begin(desk.jobs()[0]), error="The model refused it.")
    desk.end(desk.begin(desk.jobs()[1]))

    after = desk.read(run)
    assert after.status is RunStatus.COMPLETED
    assert (after.progress(IDEAS).done, after.progress(IDEAS).failed) == (1, 1)


def test_pausing_takes_back_what_was_not_begun_and_waits_for_what_was(desk: Desk) -> None:
    run = desk.start(clusters=4, concurrency=3)
    begun = desk.begin(desk.jobs()[0])

    pausing = desk.pause(run)

    assert (pausing.status, pausing.in_flight) == (RunStatus.PAUSING, 1)
    desk.end(begun)
    assert desk.read(run).status is RunStatus.PAUSED
    assert desk.told() == ["started", "progressed", "pausing", "paused"]


def test_a_run_with_nothing_begun_is_paused_at_once(desk: Desk) -> None:
    run = desk.start(clusters=4)

    paused = desk.pause(run)

    assert (paused.status, paused.in_flight) == (RunStatus.PAUSED, 0)
    assert paused.pause_reason is PauseReason.USER


def test_nothing_is_handed_out_after_pausing(desk: Desk) -> None:
    run = desk.start(clusters=4, concurrency=2, enabled=[IDEAS, Stage.TASKS])
    begun = desk.begin(desk.jobs()[0])
    desk.pause(run)

    desk.end(begun, flow=ids_of(2), outputs=2)

    assert len(desk.jobs()) == 2
    assert desk.read(run).progress(Stage.TASKS).total == 1


def test_a_stale_job_of_an_item_that_was_taken_back_does_nothing(desk: Desk) -> None:
    run = desk.start(clusters=2)
    desk.pause(run)

    assert desk.try_begin(desk.jobs()[0]) is None
    assert desk.items(run)[0].attempts == 0


def test_resuming_hands_the_same_items_out_again(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2)
    desk.pause(run)

    resumed = desk.resume(run)

    assert (resumed.status, resumed.pause_reason, resumed.in_flight) == (RunStatus.RUNNING, None, 2)
    assert sorted(desk.jobs()[2:]) == sorted(desk.jobs()[:2])


def test_a_run_can_be_resumed_while_it_is_pausing(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=1)
    begun = desk.begin(desk.jobs()[0])
    desk.pause(run)

    desk.resume(run)
    desk.end(begun)

    assert desk.read(run).status is RunStatus.RUNNING
    assert len(desk.jobs()) == 2


def test_a_run_that_has_nothing_left_completes_when_it_is_resumed_in_two_changes(desk: Desk) -> None:
    run = desk.start(clusters=1)
    begun = desk.begin(desk.jobs()[0])
    desk.pause(run)
    desk.end(begun)

    resumed = desk.resume(run)

    assert resumed.status is RunStatus.COMPLETED
    assert desk.told()[-3:] == ["paused", "resumed", "completed"]
    assert desk.sequences() == sorted(set(desk.sequences()))


def test_cancelling_drops_what_waits_and_lets_end_what_was_begun(desk: Desk) -> None:
    run = desk.start(clusters=4, concurrency=2, enabled=[IDEAS, Stage.TASKS])
    begun = desk.begin(desk.jobs()[0])

    cancelling = desk.cancel(run)

    assert (cancelling.status, cancelling.progress(IDEAS).skipped) == (RunStatus.CANCELLING, 3)
    desk.end(begun, flow=ids_of(2), outputs=2, credits_used=4)
    ended = desk.read(run)
    assert (ended.status, ended.credits_used, ended.in_flight) == (RunStatus.CANCELLED, 4, 0)
    assert ended.progress(Stage.TASKS).total == 0
    assert desk.told()[-2:] == ["cancelling", "cancelled"]


def test_a_job_of_a_cancelled_run_does_nothing(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2)
    desk.cancel(run)

    assert desk.read(run).status is RunStatus.CANCELLED
    assert [desk.try_begin(job) for job in desk.jobs()] == [None, None]


def test_a_paused_run_can_be_cancelled(desk: Desk) -> None:
    run = desk.start(clusters=2)
    desk.pause(run)

    assert desk.cancel(run).status is RunStatus.CANCELLED


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_asking_for_what_is_so_already_changes_and_announces_nothing(desk: Desk, verb: str) -> None:
    run = desk.start(clusters=2)
    desk.begin(desk.jobs()[0])
    if verb != "resume":
        getattr(desk, verb)(run)
    told = desk.told()

    again = getattr(desk, verb)(run)

    assert desk.told() == told
    assert again == desk.read(run)


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_an_ended_run_refuses_and_names_its_state(desk: Desk, verb: str) -> None:
    run = desk.start(clusters=1)
    desk.end(desk.begin(desk.jobs()[0]))

    with pytest.raises(StateConflict) as refused:
        getattr(desk, verb)(run)

    assert refused.value.metadata["state"] == "completed"


@pytest.mark.parametrize("verb", ["get", "pause", "resume", "cancel"])
def test_a_run_of_another_account_is_not_found(desk: Desk, verb: str) -> None:
    run = desk.start(clusters=1)

    with pytest.raises(NotFound):
        getattr(desk, verb)(run, account_id=new_id())


def test_the_items_of_another_account_s_run_are_not_found(desk: Desk) -> None:
    run = desk.start(clusters=1)

    with pytest.raises(NotFound):
        desk.run(
            runs.list_run_items,
            page=PageRequest.of(ai.ListRunItemsRequest()),
            account_id=new_id(),
            run_id=run.id,
            stage=0,
            status=None,
        )


def test_every_event_is_the_run_as_it_is_read_with_a_rising_sequence(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=2, enabled=[IDEAS, Stage.TASKS])
    steps: list[Callable[[], Any]] = [
        lambda: desk.end(desk.begin(desk.jobs()[0]), flow=ids_of(2), outputs=2),
        lambda: desk.pause(run),
        lambda: desk.resume(run),
        lambda: desk.hold_up(desk.begin(desk.jobs()[-1]), PauseReason.INSUFFICIENT_CREDITS),
        lambda: desk.resume(run),
        lambda: desk.forgive(desk.begin(desk.jobs()[-1])),
        lambda: desk.cancel(run),
    ]

    shown = None
    for number, step in enumerate(steps):
        step()
        assert desk.last_event() == convert.snapshot_to_proto(desk.get(run))
        for event in desk.events()[-2:]:
            shown = fold(shown, event)
        desk.clock.advance(seconds=number + 0.4)
        assert shown
        assert at(shown, desk.now) == to_dict(convert.snapshot_to_proto(desk.get(run)))

    assert desk.sequences() == list(range(1, len(desk.sequences()) + 1))


def test_an_event_stays_small_however_large_the_batches_are(desk: Desk) -> None:
    desk.start(keywords=3_000, enabled=[CLUSTER], batch_size=1_000)

    event = desk.last_event()

    assert event.ByteSize() < 10_000
    assert [len(item.input_ids) for item in event.next] == [5, 5, 5]


def test_percent_counts_only_stages_that_are_on(desk: Desk) -> None:
    run = desk.start(clusters=2, enabled=[IDEAS], concurrency=2)

    desk.end(desk.begin(desk.jobs()[0]), flow=ids_of(5), outputs=5)

    assert desk.read(run).percent == 50.0


def test_held_credits_of_a_hundred_allow_ninety_eight_and_never_a_hundred_and_five(desk: Desk) -> None:
    run = desk.start(clusters=20, concurrency=8, max_credits=100)
    admitted: list[Begun] = []

    def try_to_admit(begun: Begun) -> Begun | None:
        try:
            desk.admit(begun, 7)
        except Refusal:
            return None
        return begun

    while len(desk.jobs()) > len(admitted) and desk.read(run).status is RunStatus.RUNNING:
        begun = [desk.begin(job) for job in desk.jobs()[len(admitted) :]]
        with ThreadPoolExecutor(8) as pool:
            let_in = [each for each in pool.map(try_to_admit, begun) if each]
        admitted += let_in
        for each in let_in:
            desk.end(each, credits_used=7)
        for each in begun:
            if each not in let_in:
                desk.hold_up(each, PauseReason.BUDGET_REACHED)

    after = desk.read(run)
    assert (after.status, after.pause_reason) == (RunStatus.PAUSED, PauseReason.BUDGET_REACHED)
    assert after.credits_used == 98


def test_two_workers_can_never_be_at_one_item(desk: Desk) -> None:
    desk.start(clusters=1)
    job = desk.jobs()[0]

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda _: desk.try_begin(job), range(8)))

    assert sum(each is not None for each in begun) == 1
    assert desk.item(job).attempts == 1


def test_a_worker_that_lost_its_lease_cannot_end_the_item(desk: Desk) -> None:
    run = desk.start(clusters=1)
    late = desk.begin(desk.jobs()[0])
    desk.end_leases()
    desk.begin(desk.jobs()[0])

    with pytest.raises(StateConflict):
        desk.end(late, flow=ids_of(1))

    assert desk.read(run).progress(IDEAS).done == 0


def test_an_ended_run_has_no_open_item_and_no_lease(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=1)
    begun = desk.begin(desk.jobs()[0])
    desk.cancel(run)
    desk.end(begun)

    assert desk.leases() == 0
    assert {item.status for item in desk.items(run)} == {RunItemStatus.DONE, RunItemStatus.SKIPPED}

"""Items of runs that begin and end together: each run changes once, and no item takes another down with it."""

from dataclasses import replace

from chassis.ids import new_id
from services.ai.domain.run import CreditsTied, RunStatus
from services.ai.domain.run_item import ItemResult, RunItemStatus
from services.ai.domain.stages import Output, Stage
from services.ai.store.leases import LeaseLost
from services.ai.usecases.run_steps import Beginning, Begun
from tests.ai.runs import Desk, ending, ids_of

FLOW = (Stage.IDEAS, Stage.TASKS)


def begun_together(desk: Desk, *jobs: str) -> list[Begun]:
    begun = [each for each in desk.begin_together(*jobs) if each is not None]
    assert len(begun) == len(jobs)
    return begun


def test_items_that_begin_together_are_one_change_of_their_run(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=3)

    begun = begun_together(desk, *desk.jobs())

    assert [each.item.status for each in begun] == [RunItemStatus.RUNNING] * 3
    assert desk.sequences() == [1, 2]
    assert desk.last_event() == desk.shown(run)


def test_items_of_two_runs_are_one_change_of_each(desk: Desk) -> None:
    one, other = (
        desk.start(clusters=2, concurrency=2),
        desk.start(clusters=2, concurrency=2, site_id=new_id()),
    )

    begun_together(desk, *desk.jobs())

    assert (desk.read(one).sequence, desk.read(other).sequence) == (2, 2)


def test_an_item_that_somebody_is_at_does_not_keep_the_others_from_beginning(desk: Desk) -> None:
    desk.start(clusters=2, concurrency=2)
    first, second = desk.jobs()
    desk.begin(first)

    found = desk.begin_together(first, second, new_id())

    assert [each is not None for each in found] == [False, True, False]


def test_a_job_that_is_there_twice_is_begun_once(desk: Desk) -> None:
    desk.start(clusters=1)
    [job] = desk.jobs()

    found = desk.begin_together(job, job)

    assert [each is not None for each in found] == [True, False]
    assert desk.item(job).attempts == 1


def test_what_items_made_that_end_together_goes_on_together_and_each_thing_once(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2, enabled=FLOW)
    one, other = begun_together(desk, *desk.jobs())
    shared = Output(id=new_id(), label="an idea of both")

    desk.end_together(
        (one, ItemResult(flow=[shared, *ids_of(1)], outputs=2, credits_used=3)),
        (other, ItemResult(flow=[shared], outputs=1, credits_used=4)),
    )

    done = desk.read(run)
    assert (done.progress(Stage.IDEAS).done, done.progress(Stage.TASKS).inputs) == (2, 2)
    assert done.credits_used == 7
    assert desk.sequences() == [1, 2, 3]


def test_an_item_that_ends_and_one_that_begins_together_are_one_change_of_their_run(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=2)
    first, second = desk.jobs()
    begun = desk.begin(first)

    ended, following = desk.move_together(ending(begun, ItemResult()), Beginning(run_item_id=second))

    assert (ended, isinstance(following, Begun)) == (None, True)
    assert [item.status for item in desk.items(run)] == [
        RunItemStatus.DONE,
        RunItemStatus.RUNNING,
        RunItemStatus.QUEUED,
    ]
    assert desk.sequences() == [1, 2, 3]
    assert desk.last_event() == desk.shown(run)
    assert len(desk.jobs()) == 3


def test_the_job_of_an_item_that_ends_in_the_same_moment_finds_nothing_to_do(desk: Desk) -> None:
    run = desk.start(clusters=1)
    [job] = desk.jobs()
    begun = desk.begin(job)

    moved = desk.move_together(Beginning(run_item_id=job), ending(begun, ItemResult()))

    assert moved == [None, None]
    assert (desk.item(job).attempts, desk.read(run).status) == (1, RunStatus.COMPLETED)


def test_the_last_items_end_their_run_together(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2)
    one, other = begun_together(desk, *desk.jobs())

    desk.end_together((one, ItemResult()), (other, ItemResult(error="The model refused it.")))

    assert desk.read(run).status is RunStatus.COMPLETED
    assert [item.status for item in desk.items(run)] == [RunItemStatus.DONE, RunItemStatus.FAILED]
    assert desk.leases() == 0


def test_a_lost_lease_ends_nothing_and_keeps_no_other_from_ending(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2)
    one, other = begun_together(desk, *desk.jobs())
    lost = replace(one, lease=replace(one.lease, epoch=one.lease.epoch - 1))

    answers = desk.end_together((lost, ItemResult()), (other, ItemResult()))

    assert [type(answer) for answer in answers] == [LeaseLost, type(None)]
    assert [item.status for item in desk.items(run)] == [RunItemStatus.RUNNING, RunItemStatus.DONE]


def test_items_that_ask_together_get_no_more_than_the_limit(desk: Desk) -> None:
    desk.start(clusters=3, concurrency=3, max_credits=10)
    begun = begun_together(desk, *desk.jobs())

    answers = desk.admit_together(*((each, 4) for each in begun))

    assert [isinstance(answer, CreditsTied) for answer in answers] == [False, False, True]
    assert desk.held() == 8

"""The sweeper: forgotten work is handed out again, once, and only when it is forgotten."""

import pytest

from chassis.refusal import Refusal
from services.ai.automation.sweeper import LEFT_SECONDS, LOST_SECONDS, Sweeper
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import RunStatus
from services.ai.usecases import by_hand, tasks
from tests.ai.runs import Desk
from tests.ai.workshop import Workshop


@pytest.fixture
def sweeper(desk: Desk) -> Sweeper:
    return Sweeper(desk.transactions, desk.clock)


async def test_an_item_whose_worker_died_is_handed_out_again_once(desk: Desk, sweeper: Sweeper) -> None:
    desk.start(clusters=1)
    [job] = desk.jobs()
    desk.begin(job)
    desk.end_leases()
    desk.clock.advance(seconds=LEFT_SECONDS + 1)

    swept = [await sweeper.sweep(), await sweeper.sweep()]

    assert swept == [1, 0]
    assert desk.jobs() == [job, job]
    assert desk.begin(job).item.attempts == 2


async def test_an_item_that_a_worker_is_at_is_left_alone(desk: Desk, sweeper: Sweeper) -> None:
    desk.start(clusters=1)
    desk.begin(desk.jobs()[0])
    desk.clock.advance(hours=1)

    assert await sweeper.sweep() == 0


async def test_a_job_that_waits_its_turn_is_not_doubled_at_once(desk: Desk, sweeper: Sweeper) -> None:
    desk.start(clusters=1)
    desk.clock.advance(seconds=LOST_SECONDS - 1)
    assert await sweeper.sweep() == 0
    desk.clock.advance(seconds=2)

    assert await sweeper.sweep() == 1


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_items_of_a_run_that_does_not_go_on_are_not_handed_out(
    desk: Desk, sweeper: Sweeper, verb: str
) -> None:
    run = desk.start(clusters=3)
    getattr(desk, verb)(run)
    desk.clock.advance(hours=1)

    assert await sweeper.sweep() == 0


async def test_what_was_begun_is_ended_although_its_run_is_cancelling(desk: Desk, sweeper: Sweeper) -> None:
    run = desk.start(clusters=1)
    desk.begin(desk.jobs()[0])
    desk.cancel(run)
    desk.end_leases()
    desk.clock.advance(hours=1)

    await sweeper.sweep()
    desk.end(desk.begin(desk.jobs()[-1]))

    assert desk.read(run).status is RunStatus.CANCELLED


async def test_an_execution_by_hand_that_was_left_is_handed_out_again(workshop: Workshop) -> None:
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords())
    workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())
    workshop.run(by_hand.take_task, task_id=task.id, owner="a worker", now=workshop.clock.now())
    workshop.end_leases()
    workshop.clock.advance(seconds=LEFT_SECONDS + 1)

    swept = [await workshop.sweeper().sweep(), await workshop.sweeper().sweep()]

    assert swept == [1, 0]
    assert workshop.jobs() == [task.id, task.id]


@pytest.mark.parametrize("handed_out", [True, False])
async def test_an_execution_by_hand_that_only_waits_its_turn_is_not_doubled_at_once(
    workshop: Workshop, handed_out: bool
) -> None:
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords())
    if handed_out:
        workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())
    workshop.end_leases()
    workshop.clock.advance(seconds=LOST_SECONDS - 1)
    assert await workshop.sweeper().sweep() == 0
    workshop.clock.advance(seconds=2)

    swept = [await workshop.sweeper().sweep(), await workshop.sweeper().sweep()]

    assert swept == [1, 0]
    assert workshop.jobs() == [task.id] * (1 + handed_out)


async def test_an_execution_that_has_ended_is_not(workshop: Workshop) -> None:
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS)
    with pytest.raises(Refusal):
        await workshop.executor().begin(task.id, lease)
    workshop.run(tasks.give_up, lease=lease)
    workshop.clock.advance(hours=1)

    assert await workshop.sweeper().sweep() == 0

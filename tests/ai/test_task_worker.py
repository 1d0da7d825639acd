"""Executions by hand and their workers, whatever happens to these."""

import asyncio

import pytest

from chassis.testing import until
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import ATTEMPTS_MAX, AiTask, TaskStatus
from services.ai.providers.limits import Limits
from services.ai.task_worker import TURN_SECONDS
from services.ai.usecases import by_hand
from tests.ai.falls import Died
from tests.ai.workshop import Workshop


async def handed_out(workshop: Workshop, **values: object) -> AiTask:
    """An execution that waits for a worker."""
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords(), **values)
    workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())
    return task


async def test_a_worker_ends_an_execution_and_leaves_no_lease(workshop: Workshop) -> None:
    task = await handed_out(workshop)

    assert await workshop.task_worker().do(task.id)

    assert workshop.read_task(task.id)[0].status is TaskStatus.SUCCESS
    assert workshop.leases() == 0


async def test_of_two_workers_one_does_it(workshop: Workshop) -> None:
    task = await handed_out(workshop)

    await asyncio.gather(*(workshop.task_worker().do(task.id) for _ in range(4)))

    assert len(workshop.text.asked) == 1
    assert workshop.spent == 2


async def test_a_job_that_comes_again_after_the_end_does_nothing(workshop: Workshop) -> None:
    task = await handed_out(workshop)
    await workshop.task_worker().do(task.id)

    assert await workshop.task_worker().do(task.id)

    assert len(workshop.text.asked) == 1
    assert workshop.leases() == 0


async def test_a_refusal_ends_the_job(workshop: Workshop) -> None:
    task = await handed_out(workshop, model_name="free-1")

    assert await workshop.task_worker().do(task.id)

    assert workshop.read_task(task.id)[0].reason == "PRICE_NOT_FOUND"
    assert workshop.leases() == 0


async def test_what_dies_in_every_attempt_fails_and_its_hold_is_given_back(workshop: Workshop) -> None:
    task = await handed_out(workshop)
    for _ in range(ATTEMPTS_MAX):
        workshop.text.replies = [Died("out of memory")]
        with pytest.raises(Died):
            await workshop.task_worker().do(task.id)

    await workshop.task_worker().do(task.id)

    log, _ = workshop.read_task(task.id)
    assert log.status is TaskStatus.ERROR
    assert "begun 5 times and never ended" in log.error
    assert workshop.spent == 0
    assert workshop.leases() == 0


async def test_a_worker_that_is_told_to_end_leaves_the_rest_to_the_next_at_once(workshop: Workshop) -> None:
    task = await handed_out(workshop)
    workshop.text.gate = asyncio.Event()
    working = asyncio.create_task(workshop.task_worker().do(task.id))
    await until(lambda: workshop.text.asked)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    workshop.text.gate.set()

    await workshop.task_worker().do(task.id)

    log, _ = workshop.read_task(task.id)
    assert (log.status, log.attempts) == (TaskStatus.SUCCESS, 1)
    assert workshop.spent == 2


async def test_a_thousand_items_by_hand_are_done_in_turns_and_each_once(workshop: Workshop) -> None:
    task, lease = workshop.task(FunctionName.GENERATE_IMAGES, await workshop.article_with_images(5))
    workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())
    workshop.image.replies = [lambda _: workshop.clock.advance(seconds=TURN_SECONDS / 2)] * 5
    worker = workshop.task_worker(workshop.executor(providers=workshop.limited(Limits(calls_at_once=1))))

    for turn in range(3):
        assert await worker.do(workshop.jobs()[turn])

    assert workshop.jobs() == [task.id] * 3
    ended = workshop.read_task(task.id)[0]
    assert (ended.status, ended.items_done, ended.attempts) == (TaskStatus.SUCCESS, 5, 1)
    assert len(workshop.image.asked) == 5
    assert (workshop.charges(), workshop.spent, workshop.leases()) == ([7] * 5, 35, 0)

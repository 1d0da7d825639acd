"""An AI task that is stopped between items: what is in flight ends and is paid, the rest is given back."""

import asyncio

import pytest
from google.protobuf.json_format import MessageToDict
from igny8.ai import v1 as ai

from chassis.identity import Role
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.testing import until
from services.ai.domain.function_names import FunctionName
from services.ai.providers.limits import Limits
from tests.ai.models import REFUSED
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop

IMAGES = 10
CALLS_AT_ONCE = 4


async def cancel(doors: Doors, task_id: str, *, account_id: str = "", role: Role = Role.OWNER) -> ai.AiTask:
    request = ai.CancelAiTaskRequest(task_id=task_id)
    return (await doors.generation(account_id=account_id, role=role).CancelAiTask(request)).task


async def asked(doors: Doors, workshop: Workshop) -> ai.AiTask:
    """Ten images that were asked for and wait for a worker."""
    return await doors.run_function("generate_images", await workshop.article_with_images(IMAGES))


async def at_work(workshop: Workshop, task: ai.AiTask) -> "asyncio.Task[bool]":
    """A worker whose first calls are at the provider and stay there until the gate is set."""
    workshop.image.gate = asyncio.Event()
    providers = workshop.limited(Limits(calls_at_once=CALLS_AT_ONCE))
    worker = workshop.task_worker(workshop.executor(providers=providers))
    work = asyncio.create_task(worker.do(task.id))
    await until(lambda: len(workshop.image.asked) == CALLS_AT_ONCE)
    return work


async def end(workshop: Workshop, work: "asyncio.Task[bool]") -> None:
    assert workshop.image.gate is not None
    workshop.image.gate.set()
    await work


async def test_a_task_that_nobody_is_at_ends_at_once_and_gives_everything_back(
    doors: Doors, workshop: Workshop
) -> None:
    task = await asked(doors, workshop)

    cancelled = await cancel(doors, task.id)

    assert cancelled.status == ai.AiTask.STATUS_CANCELLED
    assert workshop.spent == 0
    assert workshop.image.asked == []
    assert workshop.leases() == 0
    assert workshop.told("ai_tasks") == ["started", "progressed", "cancelled"]


async def test_the_job_of_a_cancelled_task_finds_nothing_to_do(doors: Doors, workshop: Workshop) -> None:
    task = await asked(doors, workshop)
    await cancel(doors, task.id)

    assert await workshop.task_worker().do(task.id)
    assert workshop.image.asked == []


async def test_what_is_in_flight_ends_and_nothing_more_is_begun(doors: Doors, workshop: Workshop) -> None:
    task = await asked(doors, workshop)
    work = await at_work(workshop, task)

    asked_to = await cancel(doors, task.id)
    await end(workshop, work)

    assert (asked_to.status, asked_to.cancelling) == (ai.AiTask.STATUS_PENDING, True)
    ended = (await doors.generation().GetAiTask(ai.GetAiTaskRequest(task_id=task.id))).task
    assert (ended.status, ended.items_done) == (ai.AiTask.STATUS_CANCELLED, CALLS_AT_ONCE)
    assert len(workshop.image.asked) == CALLS_AT_ONCE
    assert workshop.spent == ended.credits_used == 7 * CALLS_AT_ONCE
    assert MessageToDict(ended.result)["images_created"] == CALLS_AT_ONCE
    assert workshop.told("ai_tasks")[-1] == "cancelled"


async def test_items_that_failed_before_it_was_cancelled_do_not_make_it_an_error(
    doors: Doors, workshop: Workshop
) -> None:
    task = await asked(doors, workshop)
    workshop.image.replies = [REFUSED] * CALLS_AT_ONCE
    work = await at_work(workshop, task)

    await cancel(doors, task.id)
    await end(workshop, work)

    ended = (await doors.generation().GetAiTask(ai.GetAiTaskRequest(task_id=task.id))).task
    assert (ended.status, ended.items_failed) == (ai.AiTask.STATUS_CANCELLED, CALLS_AT_ONCE)
    assert len(MessageToDict(ended.result)["failed_items"]) == CALLS_AT_ONCE
    assert workshop.spent == 0


async def test_when_the_last_items_were_in_flight_the_task_is_a_success(
    doors: Doors, workshop: Workshop
) -> None:
    task = await doors.run_function("generate_images", await workshop.article_with_images(CALLS_AT_ONCE))
    work = await at_work(workshop, task)

    await cancel(doors, task.id)
    await end(workshop, work)

    ended = (await doors.generation().GetAiTask(ai.GetAiTaskRequest(task_id=task.id))).task
    assert ended.status == ai.AiTask.STATUS_SUCCESS
    assert workshop.told("ai_tasks")[-1] == "completed"


async def test_what_was_answered_before_a_worker_died_is_delivered_by_the_cancellation(
    doors: Doors, workshop: Workshop
) -> None:
    task = await asked(doors, workshop)
    workshop.image.replies = [None, RuntimeError("the process died")]
    with pytest.raises(RuntimeError):
        await workshop.task_worker().do(task.id)
    done = len(workshop.charges())

    cancelled = await cancel(doors, task.id)

    assert cancelled.status == ai.AiTask.STATUS_CANCELLED
    assert workshop.spent == cancelled.credits_used == 7 * cancelled.items_done
    assert cancelled.items_done >= done


async def test_cancelling_again_changes_nothing(doors: Doors, workshop: Workshop) -> None:
    task = await asked(doors, workshop)
    first = await cancel(doors, task.id)

    assert await cancel(doors, task.id) == first
    assert workshop.told("ai_tasks") == ["started", "progressed", "cancelled"]


async def test_a_task_that_has_ended_is_not_cancelled(doors: Doors, workshop: Workshop) -> None:
    task = await doors.run_function("cluster_keywords", *await workshop.keywords())
    await workshop.task_worker().do(task.id)

    with refused("STATE_CONFLICT"):
        await cancel(doors, task.id)


async def test_a_task_of_a_run_is_cancelled_with_its_run(doors: Doors, workshop: Workshop) -> None:
    task, _ = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords(), run_id=new_id())

    with refused("STATE_CONFLICT") as refusal:
        await cancel(doors, task.id)

    assert "the run" in str(refusal.value)


async def test_a_viewer_may_not_cancel(doors: Doors, workshop: Workshop) -> None:
    task = await asked(doors, workshop)

    with refused("PERMISSION_DENIED"):
        await cancel(doors, task.id, role=Role.VIEWER)


async def test_a_task_of_another_account_is_not_there(doors: Doors, workshop: Workshop) -> None:
    task = await asked(doors, workshop)

    with pytest.raises(Refusal) as other:
        await cancel(doors, task.id, account_id=OTHER)
    with pytest.raises(Refusal) as unknown:
        await cancel(doors, new_id())

    assert other.value.reason == unknown.value.reason == "NOT_FOUND"
    assert not workshop.read_task(task.id)[0].cancelling

"""AI functions by hand, over real calls."""

import asyncio

import pytest
from google.protobuf.json_format import MessageToDict
from igny8.ai import v1 as ai

from chassis.identity import Role
from chassis.ids import new_id
from chassis.testing import until
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import TaskStatus
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop


async def test_a_function_is_reserved_before_the_answer_and_done_by_a_worker_after_it(
    doors: Doors, workshop: Workshop
) -> None:
    task = await doors.run_function("cluster_keywords", *await workshop.keywords())

    assert task.status == ai.AiTask.STATUS_PENDING
    assert task.reservation_id
    assert workshop.jobs() == [task.id]
    assert workshop.leases() == 0
    await workshop.task_worker().do(task.id)
    request = ai.GetAiTaskRequest(task_id=task.id)
    assert (await doors.generation().GetAiTask(request)).task.status == ai.AiTask.STATUS_SUCCESS
    assert workshop.spent == 2


async def test_a_function_takes_all_that_waits_where_that_is_said(doors: Doors, workshop: Workshop) -> None:
    ids = await workshop.keywords()

    task = await doors.run_function("cluster_keywords", everything=True)

    assert {*MessageToDict(task.payload)["task_ids"]} == {*ids}


async def test_the_same_request_again_is_the_same_task_and_the_same_hold(
    doors: Doors, workshop: Workshop
) -> None:
    ids, request_id = await workshop.keywords(), new_id()
    first = await doors.run_function("cluster_keywords", *ids, request_id=request_id)

    again = await doors.run_function("cluster_keywords", *ids, request_id=request_id)

    assert again.id == first.id
    assert again.reservation_id == first.reservation_id
    assert workshop.jobs() == [first.id]
    assert workshop.told("ai_tasks") == ["started"]


async def test_the_same_request_at_once_is_one_task(doors: Doors, workshop: Workshop) -> None:
    ids, request_id = await workshop.keywords(), new_id()

    tasks = await asyncio.gather(
        *(doors.run_function("cluster_keywords", *ids, request_id=request_id) for _ in range(4))
    )

    assert len({task.id for task in tasks}) == 1
    await workshop.task_worker().do(tasks[0].id)
    assert workshop.spent == 2


async def test_another_body_under_the_same_id_is_refused(doors: Doors, workshop: Workshop) -> None:
    ids, request_id = await workshop.keywords(), new_id()
    await doors.run_function("cluster_keywords", *ids, request_id=request_id)

    with refused("REQUEST_ID_REUSED"):
        await doors.run_function("cluster_keywords", ids[0], request_id=request_id)


async def test_too_few_credits_are_the_answer_and_a_failed_task_log_is_left(
    doors: Doors, workshop: Workshop
) -> None:
    content_id = await workshop.article_with_images(2)
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=600)

    with refused("INSUFFICIENT_CREDITS") as refusal:
        await doors.run_function("generate_images", content_id)

    assert refusal.value.message == "Insufficient credits. Required: 1200, Available: 1000"
    assert [task.status for task in workshop.tasks()] == [TaskStatus.ERROR]
    assert workshop.told("ai_tasks") == ["started", "failed"]
    assert workshop.image.asked == []
    assert workshop.leases() == 0


async def test_a_refused_request_may_be_repeated_under_its_id_after_a_top_up(
    doors: Doors, workshop: Workshop
) -> None:
    content_id, request_id = await workshop.article_with_images(2), new_id()
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=600)
    with refused("INSUFFICIENT_CREDITS"):
        await doors.run_function("generate_images", content_id, request_id=request_id)
    workshop.billing.grant(workshop.account_id, amount=1_000)

    task = await doors.run_function("generate_images", content_id, request_id=request_id)

    assert task.reservation_id


async def test_a_call_that_died_before_the_hold_is_gone_on_with_by_its_repeat(
    doors: Doors, workshop: Workshop
) -> None:
    ids, request_id = await workshop.keywords(), new_id()
    first = await doors.run_function("cluster_keywords", *ids, request_id=request_id)
    _forget_the_hold(workshop, first.id)

    again = await doors.run_function("cluster_keywords", *ids, request_id=request_id)

    assert (again.id, again.reservation_id) == (first.id, first.reservation_id)
    assert workshop.leases() == 0


async def test_a_call_whose_caller_went_away_gives_its_lease_up(doors: Doors, workshop: Workshop) -> None:
    ids = await workshop.keywords()
    with workshop.billing.transactions.engine.begin() as connection:
        # Billing waits for its account while the caller loses patience.
        connection.exec_driver_sql("SELECT * FROM credit_account FOR UPDATE")
        call = asyncio.ensure_future(doors.run_function("cluster_keywords", *ids))
        await until(lambda: workshop.leases() == 1)
        call.cancel()

        await until(lambda: workshop.leases() == 0)

    [task] = workshop.tasks()
    assert task.status is TaskStatus.PENDING


@pytest.mark.parametrize("function", list(FunctionName))
async def test_nothing_to_do_is_refused_and_says_what_there_must_be_first(
    doors: Doors, function: FunctionName
) -> None:
    with refused("NOTHING_TO_DO") as refusal:
        await doors.run_function(function.value, everything=True)

    assert refusal.value.message.startswith(f"Nothing of this site waits for {function}. ")
    assert " first" in refusal.value.message


async def test_an_unknown_function_is_refused(doors: Doors) -> None:
    with refused("FUNCTION_UNKNOWN"):
        await doors.run_function("write_poem", everything=True)


async def test_a_model_without_a_price_is_refused(doors: Doors, workshop: Workshop) -> None:
    ids = await workshop.keywords()

    with refused("PRICE_NOT_FOUND"):
        await doors.run_function("cluster_keywords", *ids, model_name="free-1")


async def test_a_text_model_makes_no_images(doors: Doors, workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(1)

    with refused("PRICE_NOT_FOUND"):
        await doors.run_function("generate_images", content_id, model_name="offline-1")


async def test_a_site_of_another_account_is_not_found(doors: Doors) -> None:
    with refused("NOT_FOUND"):
        await doors.run_function("cluster_keywords", everything=True, account_id=OTHER)


@pytest.mark.parametrize(
    "function", ["cluster_keywords", "generate_ideas", "generate_content", "generate_images"]
)
async def test_ids_that_are_not_the_site_s_are_not_found(
    doors: Doors, workshop: Workshop, function: str
) -> None:
    with refused("NOT_FOUND"):
        await doors.run_function(function, new_id())

    assert workshop.spent == 0


async def test_a_task_log_of_another_account_is_not_found(doors: Doors, workshop: Workshop) -> None:
    task = await doors.run_function("cluster_keywords", *await workshop.keywords())

    with refused("NOT_FOUND"):
        await doors.generation(account_id=OTHER).GetAiTask(ai.GetAiTaskRequest(task_id=task.id))


async def test_task_logs_are_listed_newest_first_by_what_is_asked_for(
    doors: Doors, workshop: Workshop
) -> None:
    ids = await workshop.keywords()
    older = await doors.run_function("cluster_keywords", ids[0])
    newer = await doors.run_function("cluster_keywords", ids[1])

    async def listed(account_id: str = "", **filters: str) -> list[str]:
        request = ai.ListAiTasksRequest(**filters)  # type: ignore[arg-type]
        found = await doors.generation(account_id=account_id).ListAiTasks(request)
        return [task.id for task in found.tasks]

    assert await listed() == [newer.id, older.id]
    assert await listed(site_id=workshop.site_id, function_name="cluster_keywords") == [newer.id, older.id]
    assert await listed(function_name="generate_images") == []
    assert await listed(account_id=OTHER) == []


async def test_a_viewer_starts_nothing(doors: Doors, workshop: Workshop) -> None:
    ids = await workshop.keywords()

    with refused("PERMISSION_DENIED"):
        await doors.run_function("cluster_keywords", *ids, role=Role.VIEWER)


def _forget_the_hold(workshop: Workshop, task_id: str) -> None:
    """As a process leaves it that dies between the reservation and its note."""
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE igny8_ai_task_logs SET reservation_id = NULL, phase = 'PREP' WHERE id = %s", (task_id,)
        )

"""Every function, way to begin it, provider and end: the logs agree to the credit and to the cent, and people are told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any, Final

import pytest
from igny8.ai import v1 as ai

from chassis.errors import RemoteRefusal
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from services.ai.domain.task import AiTask
from services.notifications.convert import fact_from_proto
from services.notifications.domain.drafting import draft_of
from tests.ai.servicers.doors import Doors
from tests.ai.servicers.scenes import (
    FUNCTIONS_OF,
    OPENAI_IMAGE,
    RUNWARE_IMAGE,
    Scene,
    keyword_of_sector,
    offline_scene,
    outside_scene,
)
from tests.ai.workshop import Workshop
from tests.outside.server import outside_world

F = FunctionName
STAGES: Final = {stage.function: stage for stage in Stage if stage.function is not None}

# What there is to work on


async def cluster(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.cluster(workshop.site_id, f"Composting {number}")).id


async def task(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.task(workshop.site_id, f"How to start compost {number}")).id


async def article(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.content(workshop.site_id, images_wanted=True)).id


async def article_with_image(workshop: Workshop, number: int) -> str:
    return await workshop.article_with_images(1)


INPUTS: Final[dict[FunctionName, Callable[[Workshop, int], Awaitable[str]]]] = {
    F.CLUSTER_KEYWORDS: keyword_of_sector,
    F.GENERATE_IDEAS: cluster,
    F.GENERATE_CONTENT: task,
    F.GENERATE_IMAGE_PROMPTS: article,
    F.GENERATE_IMAGES: article_with_image,
}

# The providers


@pytest.fixture(autouse=True)
async def scene(request: pytest.FixtureRequest, workshop: Workshop) -> AsyncIterator[Scene]:
    """The provider that the test's parameter names, at work before any door opens."""
    if request.param == "offline":
        yield offline_scene(workshop)
        return
    image_model = RUNWARE_IMAGE if request.param == "runware" else OPENAI_IMAGE
    async with outside_world() as outside:
        yield outside_scene(workshop, outside, image_model=image_model)


# The ways


async def asked_for(doors: Doors, scene: Scene, function: FunctionName, ids: list[str]) -> None:
    """By hand: the answer may be the refusal; else a worker does it."""
    try:
        begun = await doors.run_function(function.value, *ids, model_name=scene.model(function))
    except RemoteRefusal:
        return
    await doors.workshop.task_worker().do(begun.id)


async def in_a_run(doors: Doors, scene: Scene, function: FunctionName, ids: list[str]) -> None:
    """Of what waits on the site, which is `ids`."""
    stages = [
        ai.StageConfig(stage=stage, enabled=stage is STAGES[function], batch_size=1, concurrency=1)
        for stage in Stage
    ]
    await doors.configure(stages=stages, text_model=scene.text_model, image_model=scene.image_model)
    run = await doors.start_run()
    assert sum(stage.total for stage in run.stages) == len(ids)
    await doors.workshop.work_off()


WAYS: Final = {"by hand": (asked_for, 1), "in bulk": (asked_for, 3), "in a run": (in_a_run, 3)}

# The ends


def no_credits(workshop: Workshop) -> None:
    for grant in workshop.billing.grants(workshop.account_id):
        workshop.billing.void_grant(grant)


ENDS: Final[dict[str, Callable[[Workshop, Scene], None]]] = {
    "success": lambda workshop, scene: None,
    "partial failure": lambda workshop, scene: scene.refuse(1),
    "provider errors": lambda workshop, scene: scene.refuse(9),
    "insufficient credits": lambda workshop, scene: no_credits(workshop),
}
DONE: Final = {
    ("by hand", "success"): 1,
    ("by hand", "provider errors"): 0,
    ("by hand", "insufficient credits"): 0,
    ("in bulk", "success"): 3,
    ("in bulk", "partial failure"): 2,
    ("in bulk", "provider errors"): 0,
    ("in bulk", "insufficient credits"): 0,
    ("in a run", "success"): 3,
    ("in a run", "partial failure"): 2,
    ("in a run", "provider errors"): 0,
    ("in a run", "insufficient credits"): 0,
}
"""Items that are done and charged. One item alone cannot fail in part."""
REASONS: Final = {
    (way, end): {
        "success": {""},
        # In bulk the items are one execution, which succeeded; in a run each is one of its own.
        "partial failure": {"", "PROVIDER_REFUSED"} if way == "in a run" else {""},
        "provider errors": {"PROVIDER_REFUSED"},
        "insufficient credits": {"INSUFFICIENT_CREDITS"},
    }[end]
    for way, end in DONE
}
"""Why the executions say that they failed."""

# What there is to read of it

End = ai.AiTaskCompleted | ai.AiTaskFailed
ENDED: Final[dict[str, type[End]]] = {"completed": ai.AiTaskCompleted, "failed": ai.AiTaskFailed}
NOTIFICATIONS: Final = {
    F.CLUSTER_KEYWORDS: "ai_cluster",
    F.GENERATE_IDEAS: "ai_ideas",
    F.GENERATE_CONTENT: "ai_content",
    F.GENERATE_IMAGE_PROMPTS: "ai_prompts",
    F.GENERATE_IMAGES: "ai_image",
}
"""How the types of each function's notifications begin."""


def usage_log(workshop: Workshop, function: FunctionName) -> tuple[Any, ...]:
    """Lines, credits and USD."""
    return _row(
        workshop,
        """SELECT count(*), coalesce(sum(credits_used), 0), coalesce(sum(cost_usd), 0)
           FROM igny8_billing_creditusagelog WHERE operation_type = :operation_type""",
        function,
    )


def deductions(workshop: Workshop, function: FunctionName) -> tuple[Any, ...]:
    """Lines and credits."""
    return _row(
        workshop,
        """SELECT count(*), coalesce(-sum(amount), 0) FROM igny8_billing_credittransaction
           WHERE operation_type = :operation_type AND transaction_type = 'deduction'""",
        function,
    )


def logged(logs: list[AiTask]) -> set[tuple[Any, ...]]:
    """What each task log says, as its end event and its notification should."""
    return {
        (log.id, log.reason, log.items_done, log.items_failed, log.credits_used, log.cost) for log in logs
    }


def announced(ends: list[End]) -> set[tuple[Any, ...]]:
    return {
        (
            end.task.id,
            end.reason if isinstance(end, ai.AiTaskFailed) else "",
            end.task.items_done,
            end.task.items_failed,
            end.task.credits_used,
            Decimal(end.task.cost),
        )
        for end in ends
    }


def notified(ends: list[End]) -> set[tuple[Any, ...]]:
    """The notification of each end: its type, what it is about, items and credits, as notifications makes it."""
    drafts = [draft_of(fact_from_proto(end)) for end in ends]
    return {
        (
            draft.notification_type.value,
            draft.related_id,
            draft.facts.get("reason", ""),
            draft.totals["tasks_processed"],
            draft.totals["credits_used"],
        )
        for draft in drafts
    }


def to_be_notified(logs: list[AiTask], function: FunctionName) -> set[tuple[Any, ...]]:
    return {
        (
            f"{NOTIFICATIONS[function]}_{'failed' if log.reason else 'success'}",
            log.id,
            log.reason,
            log.items_done,
            log.credits_used,
        )
        for log in logs
    }


def ends_told(workshop: Workshop) -> list[End]:
    """The event of every execution's end."""
    return [
        event.as_message(ENDED[name])
        for event in workshop.events("ai_tasks")
        if (name := event.subject.rpartition(".")[2]) in ENDED
    ]


def _row(workshop: Workshop, query: str, function: FunctionName) -> tuple[Any, ...]:
    [row] = workshop.billing.rows(query, operation_type=function.operation_type)
    return tuple(row)


@pytest.mark.parametrize(
    ("scene", "function"),
    [(provider, function) for provider, functions in FUNCTIONS_OF.items() for function in functions],
    indirect=["scene"],
)
@pytest.mark.parametrize(("way", "end"), DONE)
async def test_the_three_logs_agree(
    doors: Doors, workshop: Workshop, scene: Scene, function: FunctionName, way: str, end: str
) -> None:
    begin, count = WAYS[way]
    ids = [await INPUTS[function](workshop, number) for number in range(count)]
    ENDS[end](workshop, scene)
    had = workshop.billing.balance(workshop.account_id).credits

    await begin(doors, scene, function, ids)

    done, logs = DONE[way, end], workshop.tasks()
    credits, cost = sum(log.credits_used for log in logs), sum(log.cost for log in logs)
    balance = workshop.billing.balance(workshop.account_id)
    assert sum(log.items_done for log in logs) == done
    assert usage_log(workshop, function) == (done, credits, cost)
    assert deductions(workshop, function) == (done, credits)
    assert (balance.reserved, had - balance.credits) == (0, credits)
    assert (credits > 0) == (done > 0)
    assert {log.reason for log in logs} == REASONS[way, end]
    ends = ends_told(workshop)
    assert len(ends) == len(logs)
    assert announced(ends) == logged(logs)
    assert notified(ends) == to_be_notified(logs, function)
    assert (scene.calls() > 0) == (end != "insufficient credits")
    workshop.billing.check_books()

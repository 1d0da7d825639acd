"""Every function, way to begin it, provider and end: the three logs agree to the credit and to the cent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from chassis.errors import RemoteRefusal
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from tests.ai.servicers.doors import Doors
from tests.ai.servicers.scenes import (
    FUNCTIONS_OF,
    OPENAI_IMAGE,
    RUNWARE_IMAGE,
    Scene,
    keyword_of_sector,
    offline,
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
        yield offline(workshop)
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
    stage, workshop = STAGES[function], doors.workshop
    config = workshop.config(stage, batch_size=1, concurrency=1)
    models = replace(config, text_model=scene.text_model, image_model=scene.image_model)
    workshop.start(models, {stage: ids})
    await workshop.work_off()


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

# The three logs


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
    assert (scene.calls() > 0) == (end != "insufficient credits")
    workshop.billing.check_books()

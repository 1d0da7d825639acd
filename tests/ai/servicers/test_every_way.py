"""Every function, every way it is begun, every way it can end: the three logs agree to the credit and to the cent."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from services.ai.domain.task import TaskStatus
from tests.ai.models import REFUSED
from tests.ai.servicers.doors import Doors
from tests.ai.workshop import Workshop

F = FunctionName
STAGES: Final = {stage.function: stage for stage in Stage if stage.function is not None}

# What there is to work on


async def keyword(workshop: Workshop, number: int) -> str:
    """A keyword of a sector of its own, so that it is an item of its own."""
    sector = publisher.CreateSectorRequest(site_id=workshop.site_id, name=f"Sector {number}")
    sector_id = (await workshop.publisher.sites().CreateSector(sector)).sector.id
    word = f"compost heap {number}"
    await workshop.publisher.import_csv(workshop.site_id, f"keyword\n{word}\n", sector_id=sector_id)
    found = await workshop.publisher.keywords(workshop.site_id)
    return next(each.id for each in found if each.keyword == word)


async def cluster(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.cluster(workshop.site_id, f"Composting {number}")).id


async def task(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.task(workshop.site_id, f"How to start compost {number}")).id


async def article(workshop: Workshop, number: int) -> str:
    return (await workshop.publisher.content(workshop.site_id, images_wanted=True)).id


async def article_with_image(workshop: Workshop, number: int) -> str:
    return await workshop.article_with_images(1)


INPUTS: Final[dict[FunctionName, Callable[[Workshop, int], Awaitable[str]]]] = {
    F.CLUSTER_KEYWORDS: keyword,
    F.GENERATE_IDEAS: cluster,
    F.GENERATE_CONTENT: task,
    F.GENERATE_IMAGE_PROMPTS: article,
    F.GENERATE_IMAGES: article_with_image,
}

# The ways


async def asked_for(doors: Doors, function: FunctionName, ids: list[str]) -> None:
    """By hand: the answer may be the refusal; else a worker does it."""
    try:
        begun = await doors.run_function(function.value, *ids)
    except RemoteRefusal:
        return
    await doors.workshop.task_worker().do(begun.id)


async def in_a_run(doors: Doors, function: FunctionName, ids: list[str]) -> None:
    stage, workshop = STAGES[function], doors.workshop
    workshop.start(workshop.config(stage, batch_size=1, concurrency=1), {stage: ids})
    await workshop.work_off()


WAYS: Final = {"by hand": (asked_for, 1), "in bulk": (asked_for, 3), "in a run": (in_a_run, 3)}

# The ends


def well(workshop: Workshop) -> None:
    """Nothing happens."""


def one_refused(workshop: Workshop) -> None:
    workshop.text.replies = [REFUSED]
    workshop.image.replies = [REFUSED]


def all_refused(workshop: Workshop) -> None:
    workshop.text.replies = [REFUSED] * 9
    workshop.image.replies = [REFUSED] * 9


def no_credits(workshop: Workshop) -> None:
    for grant in workshop.billing.grants(workshop.account_id):
        workshop.billing.void_grant(grant)


ENDS: Final = {
    "success": well,
    "partial failure": one_refused,
    "provider errors": all_refused,
    "insufficient credits": no_credits,
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


def calls(workshop: Workshop) -> int:
    return len(workshop.text.asked) + len(workshop.image.asked)


@pytest.mark.parametrize("function", FunctionName)
@pytest.mark.parametrize(("way", "end"), DONE)
async def test_the_three_logs_agree(
    doors: Doors, workshop: Workshop, function: FunctionName, way: str, end: str
) -> None:
    begin, count = WAYS[way]
    ids = [await INPUTS[function](workshop, number) for number in range(count)]
    ENDS[end](workshop)
    had = workshop.billing.balance(workshop.account_id).credits

    await begin(doors, function, ids)

    done, logs = DONE[way, end], workshop.tasks()
    credits, cost = sum(log.credits_used for log in logs), sum(log.cost for log in logs)
    balance = workshop.billing.balance(workshop.account_id)
    assert sum(log.items_done for log in logs) == done
    assert usage_log(workshop, function) == (done, credits, cost)
    assert deductions(workshop, function) == (done, credits)
    assert (balance.reserved, had - balance.credits) == (0, credits)
    assert (credits > 0) == (done > 0)
    workshop.billing.check_books()


@pytest.mark.parametrize("function", FunctionName)
@pytest.mark.parametrize("way", WAYS)
async def test_without_credits_no_provider_is_called_and_the_task_log_says_why(
    doors: Doors, workshop: Workshop, function: FunctionName, way: str
) -> None:
    begin, count = WAYS[way]
    ids = [await INPUTS[function](workshop, number) for number in range(count)]
    no_credits(workshop)

    await begin(doors, function, ids)

    assert calls(workshop) == 0
    assert {(log.status, log.reason) for log in workshop.tasks()} == {
        (TaskStatus.ERROR, "INSUFFICIENT_CREDITS")
    }

"""An answer that cost more than its quote's maximum: it is kept, whatever billing's setting says, and the books add up."""

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.providers.port import TokenUsage
from services.billing.domain.item import Item
from services.billing.domain.order import Capture, Captured
from services.billing.domain.work import Work
from tests.ai.workshop import Workshop

BOUNDLESS = TokenUsage(input_tokens=100, output_tokens=10_000_000)
"""More than any quote holds, and at 100 tokens a credit more than the account has."""


async def clustered(workshop: Workshop, usage: TokenUsage) -> AiTask:
    workshop.text.usage = usage
    ids = await workshop.keywords()
    return await workshop.execute(*workshop.task(FunctionName.CLUSTER_KEYWORDS, *ids))


async def is_saved(workshop: Workshop) -> bool:
    return all(keyword.cluster_id for keyword in await workshop.publisher.keywords(workshop.site_id))


async def test_an_answer_beyond_its_quote_is_saved_and_charged_up_to_the_hold(workshop: Workshop) -> None:
    task = await clustered(workshop, BOUNDLESS)

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 1)
    assert await is_saved(workshop)
    assert workshop.spent == task.credits_used == task.credits_quoted < 1_000
    assert workshop.lost == 100_001 - task.credits_quoted
    assert workshop.billing.balance(workshop.account_id).reserved == 0
    workshop.billing.check_books()


@pytest.mark.parametrize("capture_beyond_hold", [True])
async def test_where_billing_allows_it_the_rest_is_taken_from_what_is_available(workshop: Workshop) -> None:
    task = await clustered(workshop, TokenUsage(input_tokens=100, output_tokens=80_000))

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 1)
    assert task.credits_quoted < 801
    assert (workshop.spent, task.credits_used, workshop.lost) == (801, 801, 0)
    workshop.billing.check_books()


@pytest.mark.parametrize("capture_beyond_hold", [True])
async def test_what_even_the_balance_does_not_cover_loses_no_answer(workshop: Workshop) -> None:
    task = await clustered(workshop, BOUNDLESS)

    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 1)
    assert await is_saved(workshop)
    assert (workshop.spent, workshop.lost) == (1_000, 99_001)
    assert workshop.billing.balance(workshop.account_id).credits == 0
    workshop.billing.check_books()


async def test_an_item_that_takes_the_whole_hold_leaves_the_others_done(workshop: Workshop) -> None:
    """Pictures are billed one by one: those that come after the hold is used up are the platform's loss."""
    content_id = await workshop.article_with_images(3)
    task, lease = workshop.task(FunctionName.GENERATE_IMAGES, content_id)
    executor = workshop.executor()
    begun = await executor.begin(task.id, lease)
    workshop.billing.order(
        Capture(
            account_id=workshop.account_id,
            actor="service:ai",
            reservation_id=begun.task.reservation_id or "",
            item=Item(item_id="one that took all", work=Work(images=3)),
        ),
        Captured,
    )

    task = await executor.finish(await executor.work(begun, lease), lease)

    assert (task.status, task.items_done, task.items_failed) == (TaskStatus.SUCCESS, 3, 0)
    assert (task.credits_used, workshop.lost, workshop.spent) == (0, 21, 21)
    workshop.billing.check_books()

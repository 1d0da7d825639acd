"""Pictures of several articles at once: held for all of them or not begun, charged and announced one by one."""

import pytest

from services.ai.domain.task import TaskStatus
from tests.ai.models import REFUSED
from tests.ai.servicers.doors import Doors, refused
from tests.ai.workshop import Workshop

ARTICLES = 3
EACH = 3
"""A featured picture and two within the article, which is what a site wants unless it says otherwise."""

CREDITS = 7
"""Of a picture."""

ALL = ARTICLES * EACH * CREDITS


async def articles(workshop: Workshop) -> list[str]:
    return [await workshop.article_with_images(EACH) for _ in range(ARTICLES)]


def leave(workshop: Workshop, credits: int) -> None:
    """The account has so many left."""
    for grant in workshop.billing.grants(workshop.account_id):
        workshop.billing.void_grant(grant)
    workshop.billing.grant(workshop.account_id, amount=credits)


async def test_one_credit_too_few_for_all_pictures_and_none_is_begun(
    doors: Doors, workshop: Workshop
) -> None:
    ids = await articles(workshop)
    leave(workshop, ALL - 1)

    with refused("INSUFFICIENT_CREDITS") as refusal:
        await doors.run_function("generate_images", *ids)

    assert f"Required: {ALL}, Available: {ALL - 1}" in refusal.value.message
    assert workshop.image.asked == []
    assert workshop.billing.balance(workshop.account_id).credits == ALL - 1
    assert [task.status for task in workshop.tasks()] == [TaskStatus.ERROR]
    assert workshop.told("ai_tasks")[-1] == "failed"


async def test_just_enough_credits_make_every_picture_and_each_is_announced(
    doors: Doors, workshop: Workshop
) -> None:
    ids = await articles(workshop)
    leave(workshop, ALL)

    begun = await doors.run_function("generate_images", *ids)
    held = workshop.billing.balance(workshop.account_id).reserved
    await workshop.task_worker().do(begun.id)

    assert held == ALL
    assert workshop.billing.balance(workshop.account_id).credits == 0
    assert workshop.charges() == [CREDITS] * ARTICLES * EACH
    assert workshop.billing.told(workshop.account_id).count("captured") == ARTICLES * EACH


async def test_of_ten_pictures_three_fail_and_seven_are_charged(doors: Doors, workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(10)
    workshop.image.replies = [REFUSED] * 3

    begun = await doors.run_function("generate_images", content_id)
    await workshop.task_worker().do(begun.id)

    [task] = workshop.tasks()
    assert (task.status, task.items_done, task.items_failed) == (TaskStatus.SUCCESS, 7, 3)
    assert len(task.result["failed_items"]) == 3
    assert workshop.billing.told(workshop.account_id).count("captured") == 7
    assert workshop.spent == 7 * CREDITS


async def test_a_made_picture_has_its_alternative_text_and_its_size(doors: Doors, workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(2)

    begun = await doors.run_function("generate_images", content_id)
    await workshop.task_worker().do(begun.id)

    content = await workshop.publisher.read_content(content_id)
    assert [(each.alt_text, each.width, each.height, each.media_type) for each in content.images] == [
        ("A heap of leaves", 8, 8, "image/png")
    ] * 2


async def test_pictures_that_failed_are_made_by_hand_when_their_article_is_named_again(
    doors: Doors, workshop: Workshop
) -> None:
    content_id = await workshop.article_with_images(10)
    workshop.image.replies = [REFUSED] * 3
    begun = await doors.run_function("generate_images", content_id)
    await workshop.task_worker().do(begun.id)
    with refused("NOTHING_TO_DO"):
        await doors.run_function("generate_images", everything=True)

    again = await doors.run_function("generate_images", content_id)
    await workshop.task_worker().do(again.id)

    assert len(workshop.image.asked) == 10 + 3
    assert (workshop.charges(), workshop.spent) == ([7] * 10, 70)


@pytest.mark.parametrize("function", ["generate_images", "generate_image_prompts"])
async def test_an_article_without_pictures_to_make_is_refused_by_hand(
    doors: Doors, workshop: Workshop, function: str
) -> None:
    content_id = await workshop.article_with_images(1)
    begun = await doors.run_function("generate_images", content_id)
    await workshop.task_worker().do(begun.id)

    with refused("NOTHING_TO_DO"):
        await doors.run_function(function, content_id)

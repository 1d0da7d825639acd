"""What functions read from the inventory, and what they leave out."""

import pytest

from chassis.ids import new_id
from chassis.refusal import NotFound
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Stage
from services.ai.domain.task import AiTask
from services.ai.functions.base import Draft
from services.ai.functions.registry import FUNCTIONS
from tests.ai.workshop import Workshop

CLUSTER = FunctionName.CLUSTER_KEYWORDS
PROMPTS = FunctionName.GENERATE_IMAGE_PROMPTS
IMAGES = FunctionName.GENERATE_IMAGES


async def prepared(workshop: Workshop, task: AiTask) -> list[Draft]:
    return await FUNCTIONS[task.function_name].prepare(workshop.inventory, task)


async def test_an_id_that_is_named_twice_is_one_item(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(1)
    task, _ = workshop.task(IMAGES, content_id, content_id)

    drafts = await prepared(workshop, task)

    assert len(drafts) == len({draft.item_id for draft in drafts}) == 1


async def test_a_thousand_keywords_are_one_item_and_more_are_another(workshop: Workshop) -> None:
    await workshop.keywords(*(f"compost {number}" for number in range(1_001)))
    waiting = await workshop.inventory.stage_inputs(workshop.site_id, Stage.CLUSTER, limit=2_000)
    task, _ = workshop.task(CLUSTER, *(output.id for output in waiting))

    drafts = await prepared(workshop, task)

    assert [len(draft.input["keywords"]) for draft in drafts] == [1_000, 1]
    assert len({draft.item_id for draft in drafts}) == 2


async def test_what_is_done_already_is_left_out(workshop: Workshop) -> None:
    ids = await workshop.keywords()
    await workshop.execute(*workshop.task(CLUSTER, *ids))
    task, _ = workshop.task(CLUSTER, *ids)

    assert await prepared(workshop, task) == []


async def test_an_article_that_has_images_gets_no_further_prompts(workshop: Workshop) -> None:
    task, _ = workshop.task(PROMPTS, await workshop.article_with_images(1))

    assert await prepared(workshop, task) == []


@pytest.mark.parametrize("function", list(FunctionName))
async def test_by_hand_an_unknown_id_is_refused(workshop: Workshop, function: FunctionName) -> None:
    task, _ = workshop.task(function, new_id())

    with pytest.raises(NotFound):
        await prepared(workshop, task)


@pytest.mark.parametrize("function", list(FunctionName))
async def test_in_a_run_what_was_deleted_meanwhile_is_left_out(
    workshop: Workshop, function: FunctionName
) -> None:
    task, _ = workshop.task(function, new_id(), run_id=new_id())

    assert await prepared(workshop, task) == []


async def test_things_of_another_site_are_not_found(workshop: Workshop) -> None:
    other = await workshop.publisher.site(name="Kitchen")
    content_id = await workshop.article_with_images(1)
    task, _ = workshop.task(IMAGES, content_id, site_id=other.id)

    with pytest.raises(NotFound):
        await prepared(workshop, task)


async def test_a_quote_covers_the_work_of_all_items(workshop: Workshop) -> None:
    ids = await workshop.keywords()
    task, lease = workshop.task(CLUSTER, *ids)
    await workshop.executor().begin(task.id, lease)

    log, items = workshop.read_task(task.id)
    estimate = FUNCTIONS[CLUSTER].estimate(task, items)

    assert estimate.items == 1
    assert 0 < estimate.expected_tokens <= estimate.maximum_tokens
    assert log.credits_quoted >= estimate.maximum_tokens // 100

"""Retrying failed items beside the real billing and publisher: each is paid once, whatever failed before."""

import pytest
from igny8.ai import v1 as ai

from services.ai.domain.run import RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from tests.ai.models import REFUSED
from tests.ai.servicers.doors import Doors, refused
from tests.ai.servicers.scenes import keyword_of_sector
from tests.ai.workshop import IMAGE_MODEL, Workshop


async def test_of_five_articles_whose_images_failed_twice_exactly_these_are_made_again(
    doors: Doors, workshop: Workshop
) -> None:
    ids = [await workshop.article_with_images(1) for _ in range(5)]
    workshop.image.replies = [REFUSED, REFUSED]
    run = workshop.start(workshop.config(Stage.IMAGES), {Stage.IMAGES: ids})
    await workshop.work_off()
    assert workshop.spent == 3 * 7
    asked = len(workshop.image.asked)

    answer = await doors.automation().RetryFailedItems(ai.RetryFailedItemsRequest(run_id=run.id))
    await workshop.work_off()

    assert (answer.retried, answer.run.status) == (2, ai.AutomationRun.STATUS_RUNNING)
    assert len(workshop.image.asked) - asked == 2
    assert workshop.charges() == [7] * 5
    assert workshop.read_run(run).status is RunStatus.COMPLETED
    assert {item.status for item in workshop.items(run)} == {RunItemStatus.DONE}


async def test_of_ten_pictures_of_which_three_failed_these_three_are_made_again(
    doors: Doors, workshop: Workshop
) -> None:
    workshop.image.replies = [REFUSED] * 3
    run = workshop.start(
        workshop.config(Stage.IMAGES), {Stage.IMAGES: [await workshop.article_with_images(10)]}
    )
    await workshop.work_off()
    [item] = workshop.items(run)
    assert (item.status, item.outcome) == (RunItemStatus.DONE, "7 of 10 done")
    asked = len(workshop.image.asked)

    answer = await doors.automation().RetryFailedItems(ai.RetryFailedItemsRequest(run_id=run.id))
    await workshop.work_off()

    assert (answer.retried, answer.run.stages[Stage.IMAGES - 1].done) == (1, 0)
    assert len(workshop.image.asked) - asked == 3
    assert workshop.charges() == [7] * 10
    [item] = workshop.items(run)
    assert (item.status, item.outcome, item.credits_used) == (RunItemStatus.DONE, "", 70)
    after = workshop.read_run(run)
    assert (after.status, after.credits_used, after.progress(Stage.IMAGES).done) == (
        RunStatus.COMPLETED, 70, 1,
    )  # fmt: skip
    with refused("NOTHING_TO_DO"):
        await doors.automation().RetryFailedItems(ai.RetryFailedItemsRequest(run_id=run.id))


async def test_of_a_batch_of_keywords_only_the_sector_that_failed_is_clustered_again(
    doors: Doors, workshop: Workshop
) -> None:
    ids = [await keyword_of_sector(workshop, number) for number in range(2)]
    workshop.text.replies = [REFUSED]
    run = workshop.start(workshop.config(Stage.CLUSTER, batch_size=2), {Stage.CLUSTER: ids})
    await workshop.work_off()
    [item] = workshop.items(run)
    assert item.outcome == "1 of 2 done"

    await doors.automation().RetryFailedItems(ai.RetryFailedItemsRequest(run_id=run.id, item_ids=[item.id]))
    await workshop.work_off()

    assert len(workshop.text.asked) == 3
    assert len(workshop.charges()) == 2
    assert len(await workshop.inventory.cluster_names(workshop.site_id)) == 2


async def test_an_article_that_could_not_be_written_is_written_when_it_is_retried(
    doors: Doors, workshop: Workshop
) -> None:
    enabled = {Stage.CLUSTER, Stage.IDEAS, Stage.TASKS}
    run = workshop.start(workshop.config(*enabled), {Stage.CLUSTER: await workshop.keywords()})
    await workshop.work_off()
    waiting = await workshop.inventory.stage_inputs(workshop.site_id, Stage.CONTENT, limit=1)
    workshop.text.replies = [REFUSED]
    run = workshop.start(
        workshop.config(Stage.CONTENT, Stage.REVIEW), {Stage.CONTENT: [output.id for output in waiting]}
    )
    await workshop.work_off()
    assert workshop.read_run(run).progress(Stage.CONTENT).failed == 1

    await doors.automation().RetryFailedItems(ai.RetryFailedItemsRequest(run_id=run.id))
    await workshop.work_off()

    after = workshop.read_run(run)
    assert (after.progress(Stage.CONTENT).done, after.progress(Stage.REVIEW).done) == (1, 1)


async def test_the_same_retry_again_is_the_first_answer(doors: Doors, workshop: Workshop) -> None:
    workshop.image.replies = [REFUSED]
    run = workshop.start(
        workshop.config(Stage.IMAGES), {Stage.IMAGES: [await workshop.article_with_images(1)]}
    )
    await workshop.work_off()
    request = ai.RetryFailedItemsRequest(run_id=run.id, request_id="once", image_model=IMAGE_MODEL)

    answers = [await doors.automation().RetryFailedItems(request) for _ in range(2)]

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "models", [{"text_model": "free-1"}, {"image_model": "free-1"}], ids=["text", "images"]
)
async def test_a_model_without_a_price_is_refused_before_anything_changes(
    doors: Doors, workshop: Workshop, models: dict[str, str]
) -> None:
    workshop.image.replies = [REFUSED]
    run = workshop.start(
        workshop.config(Stage.IMAGES), {Stage.IMAGES: [await workshop.article_with_images(1)]}
    )
    await workshop.work_off()

    with refused("PRICE_NOT_FOUND"):
        await doors.automation().RetryFailedItems(
            ai.RetryFailedItemsRequest(
                run_id=run.id,
                text_model=models.get("text_model", ""),
                image_model=models.get("image_model", ""),
            )
        )

    assert workshop.read_run(run).status is RunStatus.FAILED

"""A provider that refuses its key says nothing about the items: a run waits for another key, with nothing failed or held."""

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import PauseReason, RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.domain.task import TaskStatus
from services.ai.providers.limits import Limits
from services.ai.providers.port import KeyFault, ProviderKeyMissing, ProviderKeyRefused
from services.ai.usecases import runs
from tests.ai.models import REFUSED
from tests.ai.workshop import Workshop

IMAGES = Stage.IMAGES
KEY_REFUSED = ProviderKeyRefused.of_platform("offline")
KEY_MISSING = ProviderKeyMissing.of("offline", "offline-1")


async def test_a_refused_key_pauses_the_run_and_a_new_one_lets_it_complete(workshop: Workshop) -> None:
    ids = [await workshop.article_with_images(2) for _ in range(3)]
    run = workshop.start(workshop.config(IMAGES, concurrency=1), {IMAGES: ids})
    workshop.image.replies = [KEY_REFUSED, KEY_REFUSED]
    await workshop.work_off()
    paused = workshop.read_run(run)
    assert (paused.status, paused.pause_reason) == (RunStatus.PAUSED, PauseReason.PROVIDER_KEY)
    assert {item.status for item in workshop.items(run)} == {RunItemStatus.QUEUED}
    [refused] = workshop.tasks()
    assert (refused.status, refused.reason) == (TaskStatus.ERROR, "PROVIDER_KEY_REFUSED")
    assert (refused.items_failed, workshop.spent) == (0, 0)
    workshop.image.replies.clear()

    workshop.run(runs.resume_run, run_id=run.id, account_id=workshop.account_id, now=workshop.clock.now())
    await workshop.work_off()

    assert workshop.read_run(run).status is RunStatus.COMPLETED
    assert workshop.charges() == [7] * 6


@pytest.mark.parametrize("fault", KeyFault)
async def test_whatever_the_provider_has_against_the_key_the_run_waits_and_its_log_says_what(
    workshop: Workshop, fault: KeyFault
) -> None:
    run = workshop.start(workshop.config(IMAGES), {IMAGES: [await workshop.article_with_images(1)]})
    workshop.image.replies = [ProviderKeyRefused.of_platform("offline", fault)]

    await workshop.work_off()

    assert workshop.read_run(run).pause_reason is PauseReason.PROVIDER_KEY
    [refused] = workshop.tasks()
    assert fault.fault in refused.error
    assert workshop.spent == 0


async def test_no_further_call_is_made_after_the_first_that_the_key_was_refused_for(
    workshop: Workshop,
) -> None:
    run = workshop.start(workshop.config(IMAGES), {IMAGES: [await workshop.article_with_images(9)]})
    workshop.image.replies = [KEY_REFUSED]
    executor = workshop.executor(providers=workshop.limited(Limits(calls_at_once=1)))

    await workshop.work_off(workshop.item_worker(executor))

    assert len(workshop.image.asked) == 1
    assert workshop.read_run(run).pause_reason is PauseReason.PROVIDER_KEY


async def test_a_key_that_is_deleted_while_a_run_goes_on_pauses_it_too(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(Stage.CLUSTER), {Stage.CLUSTER: await workshop.keywords()})
    workshop.text.replies = [KEY_MISSING]

    await workshop.work_off()

    assert workshop.read_run(run).pause_reason is PauseReason.PROVIDER_KEY
    assert workshop.spent == 0


async def test_an_article_whose_later_call_was_refused_is_written_whole_after_the_pause(
    workshop: Workshop,
) -> None:
    wanted = await workshop.publisher.task(workshop.site_id)
    run = workshop.start(workshop.config(Stage.CONTENT), {Stage.CONTENT: [wanted.id]})
    workshop.text.replies = [None, KEY_REFUSED]
    await workshop.work_off()
    assert workshop.read_run(run).pause_reason is PauseReason.PROVIDER_KEY
    assert workshop.spent == 0

    workshop.run(runs.resume_run, run_id=run.id, account_id=workshop.account_id, now=workshop.clock.now())
    await workshop.work_off()

    assert workshop.read_run(run).status is RunStatus.COMPLETED
    assert len(workshop.charges()) == 1


async def test_what_was_made_before_the_key_was_refused_stays_made_and_paid(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(IMAGES), {IMAGES: [await workshop.article_with_images(3)]})
    workshop.image.replies = [None, KEY_REFUSED]
    executor = workshop.executor(providers=workshop.limited(Limits(calls_at_once=1)))

    await workshop.work_off(workshop.item_worker(executor))

    [task] = workshop.tasks()
    assert (task.status, task.items_done, task.items_failed) == (TaskStatus.SUCCESS, 1, 2)
    assert workshop.charges() == [7]
    assert workshop.read_run(run).status is RunStatus.COMPLETED


async def test_an_item_that_failed_by_itself_before_the_key_was_refused_keeps_its_failure(
    workshop: Workshop,
) -> None:
    run = workshop.start(workshop.config(IMAGES), {IMAGES: [await workshop.article_with_images(2)]})
    workshop.image.replies = [REFUSED, KEY_REFUSED]
    executor = workshop.executor(providers=workshop.limited(Limits(calls_at_once=1)))

    await workshop.work_off(workshop.item_worker(executor))

    [task] = workshop.tasks()
    assert [failed["reason"] for failed in task.result["failed_items"]] == [
        "PROVIDER_REFUSED",
        "PROVIDER_KEY_REFUSED",
    ]
    assert workshop.items(run)[0].status is RunItemStatus.FAILED
    assert workshop.spent == 0


async def test_by_hand_a_refused_key_ends_the_execution_with_every_item_failed_by_it(
    workshop: Workshop,
) -> None:
    workshop.image.replies = [KEY_REFUSED, KEY_REFUSED]
    task = await workshop.execute(
        *workshop.task(FunctionName.GENERATE_IMAGES, await workshop.article_with_images(2))
    )

    assert (task.status, task.reason, task.items_failed) == (TaskStatus.ERROR, "PROVIDER_KEY_REFUSED", 2)
    assert workshop.spent == 0

"""Workers at the items of a run, beside the real billing and publisher, whatever happens meanwhile."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from chassis.testing import until
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import PauseReason, Run, RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.domain.task import ATTEMPTS_MAX, TaskStatus
from services.ai.usecases import runs
from tests.ai.falls import STEPS, Died, Fall, FallingClusters, FallingLedger
from tests.ai.models import REFUSED
from tests.ai.workshop import Workshop
from tests.kit.tasks import cancelled_at_the_end

ALL = tuple(Stage)
IMAGES = Stage.IMAGES


async def of_images(
    workshop: Workshop, articles: int, *, images: int = 1, max_credits: int = 0, concurrency: int = 8
) -> Run:
    """A run that makes the images of so many articles."""
    ids = [await workshop.article_with_images(images) for _ in range(articles)]
    config = workshop.config(IMAGES, max_credits=max_credits, concurrency=concurrency)
    return workshop.start(config, {IMAGES: ids})


def steer(workshop: Workshop, verb: Callable[..., object], run: Run) -> None:
    workshop.run(verb, run_id=run.id, account_id=workshop.account_id, now=workshop.clock.now())


async def at_once(workshop: Workshop) -> None:
    """Every job that was handed out, each by a worker of its own, until there are no more."""
    done = 0
    while len(jobs := workshop.jobs()) > done:
        await asyncio.gather(*(workshop.item_worker().do(job) for job in jobs[done:]))
        done = len(jobs)


async def test_keywords_flow_through_all_seven_stages_into_reviewed_articles(workshop: Workshop) -> None:
    ids = await workshop.keywords()
    run = workshop.start(workshop.config(*ALL), {Stage.CLUSTER: ids})

    await workshop.work_off()

    ended = workshop.read_run(run)
    assert (ended.status, ended.percent) == (RunStatus.COMPLETED, 100.0)
    assert all(stage.done == stage.total > 0 for stage in ended.stages)
    assert workshop.spent == ended.credits_used == sum(task.credits_used for task in workshop.tasks())
    assert {item.outcome for item in workshop.items(run, Stage.REVIEW)} == {"review"}
    assert workshop.leases() == 0


async def test_each_thing_a_run_made_is_in_the_inventory(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(*ALL), {Stage.CLUSTER: await workshop.keywords()})

    await workshop.work_off()

    made = {stage.stage: stage.outputs for stage in workshop.read_run(run).stages}
    stats = await workshop.publisher.stats(workshop.site_id)
    assert made[Stage.CLUSTER] == stats.clusters
    assert made[Stage.IDEAS] == stats.ideas.total == made[Stage.TASKS]
    assert made[Stage.CONTENT] == made[Stage.REVIEW] == made[Stage.TASKS]
    assert len(workshop.image.asked) == made[Stage.IMAGES] == made[Stage.IMAGE_PROMPTS]


async def test_articles_go_to_review_without_images_where_these_are_off(workshop: Workshop) -> None:
    enabled = set(ALL) - {Stage.IMAGE_PROMPTS, IMAGES}
    run = workshop.start(workshop.config(*enabled), {Stage.CLUSTER: await workshop.keywords()})

    await workshop.work_off()

    ended = workshop.read_run(run)
    assert (ended.status, ended.percent) == (RunStatus.COMPLETED, 100.0)
    assert ended.progress(Stage.REVIEW).done == ended.progress(Stage.CONTENT).done > 0


async def test_an_article_whose_images_failed_goes_to_review_all_the_same(workshop: Workshop) -> None:
    content_id = await workshop.article_with_images(2)
    workshop.image.replies = [REFUSED, REFUSED]
    run = workshop.start(workshop.config(IMAGES, Stage.REVIEW), {IMAGES: [content_id]})

    await workshop.work_off()

    assert workshop.items(run, IMAGES)[0].status is RunItemStatus.FAILED
    assert workshop.items(run, Stage.REVIEW)[0].status is RunItemStatus.DONE


async def test_an_article_whose_prompts_failed_stays_a_draft_for_the_next_run(workshop: Workshop) -> None:
    content = await workshop.publisher.content(workshop.site_id, images_wanted=True)
    workshop.text.replies = [REFUSED]
    run = workshop.start(
        workshop.config(Stage.IMAGE_PROMPTS, IMAGES, Stage.REVIEW), {Stage.IMAGE_PROMPTS: [content.id]}
    )

    await workshop.work_off()

    assert workshop.read_run(run).status is RunStatus.FAILED
    waiting = await workshop.inventory.stage_inputs(workshop.site_id, Stage.IMAGE_PROMPTS, limit=10)
    assert [output.id for output in waiting] == [content.id]


async def test_an_article_that_was_deleted_meanwhile_fails_nothing(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(IMAGES), {IMAGES: [workshop.site_id]})

    await workshop.work_off()

    assert workshop.read_run(run).progress(IMAGES).done == 1
    assert workshop.spent == 0


async def test_a_budget_of_a_hundred_allows_ninety_eight_with_eight_at_once(workshop: Workshop) -> None:
    run = await of_images(workshop, 16, max_credits=100)

    await at_once(workshop)

    paused = workshop.read_run(run)
    assert (paused.status, paused.pause_reason) == (RunStatus.PAUSED, PauseReason.BUDGET_REACHED)
    assert workshop.spent == paused.credits_used == 98
    assert len(workshop.image.asked) == 14


async def test_a_limit_that_one_quote_nearly_fills_lets_items_wait_and_not_the_run(
    workshop: Workshop,
) -> None:
    config = workshop.config(Stage.CLUSTER, max_credits=13, batch_size=1, concurrency=4)
    run = workshop.start(config, {Stage.CLUSTER: await workshop.keywords()})

    await at_once(workshop)

    ended = workshop.read_run(run)
    assert (ended.status, ended.credits_used) == (RunStatus.COMPLETED, workshop.spent)
    assert {task.credits_quoted for task in workshop.tasks()} == {7}
    assert [task.status for task in workshop.tasks()] == [TaskStatus.SUCCESS] * 4
    assert "paused" not in workshop.told("runs")


async def test_cancelling_ends_the_executions_of_items_that_wait_for_credits(workshop: Workshop) -> None:
    config = workshop.config(Stage.CLUSTER, max_credits=13, batch_size=1, concurrency=2)
    run = workshop.start(config, {Stage.CLUSTER: await workshop.keywords()})
    workshop.text.gate = asyncio.Event()
    first, second = workshop.jobs()

    async def begin_first() -> None:
        await workshop.item_worker().do(first)

    async with cancelled_at_the_end(begin_first()) as working:
        await until(lambda: workshop.text.asked)
        await workshop.item_worker().do(second)
        steer(workshop, runs.cancel_run, run)
        workshop.text.gate.set()
        await working

    assert workshop.read_run(run).status is RunStatus.CANCELLED
    assert [task.status for task in workshop.tasks()] == [TaskStatus.SUCCESS, TaskStatus.CANCELLED]


async def test_an_empty_balance_pauses_the_run_and_a_top_up_lets_it_complete(workshop: Workshop) -> None:
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=400)
    run = await of_images(workshop, 3, concurrency=1)
    await workshop.work_off()
    paused = workshop.read_run(run)
    assert (paused.status, paused.pause_reason) == (RunStatus.PAUSED, PauseReason.INSUFFICIENT_CREDITS)
    assert paused.credits_used == 800

    workshop.billing.grant(workshop.account_id, amount=1_000)
    steer(workshop, runs.resume_run, run)
    await workshop.work_off()

    ended = workshop.read_run(run)
    assert (ended.status, ended.credits_used) == (RunStatus.COMPLETED, 1_200)
    assert workshop.charges() == [400] * 3
    assert len(workshop.image.asked) == 3
    assert [task.status for task in workshop.tasks()].count(TaskStatus.ERROR) == 1
    assert "paused" in workshop.told("runs")


async def test_a_worker_that_died_before_it_could_pause_the_run_has_it_paused_by_the_next(
    workshop: Workshop,
) -> None:
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=4_000)
    run = await of_images(workshop, 1)
    [job] = workshop.jobs()
    await workshop.item_worker().do(job)
    with workshop.transactions.engine.begin() as connection:
        # As the dead worker left it: the task log is refused, the run goes on, the item is begun.
        connection.execute(text("UPDATE automation_run SET status = 'running', pause_reason = ''"))
        connection.execute(text("UPDATE run_stage SET in_flight = 1 WHERE stage = 6"))
        connection.execute(
            text(
                "UPDATE run_item SET status = 'running', dispatched = true,"
                " ai_task_id = (SELECT id FROM igny8_ai_task_logs)"
            )
        )

    await workshop.item_worker().do(job)

    assert workshop.read_run(run).status is RunStatus.PAUSED
    assert workshop.items(run)[0].status is RunItemStatus.QUEUED


async def test_pausing_lets_what_is_at_work_end_and_resuming_repeats_and_pays_nothing_twice(
    workshop: Workshop,
) -> None:
    run = await of_images(workshop, 6, concurrency=3)
    workshop.image.gate = asyncio.Event()
    async with cancelled_at_the_end(at_once(workshop)) as working:
        await until(lambda: len(workshop.image.asked) == 3)
        steer(workshop, runs.pause_run, run)
        assert workshop.read_run(run).status is RunStatus.PAUSING
        workshop.image.gate.set()
        await working
    assert workshop.read_run(run).status is RunStatus.PAUSED
    assert len(workshop.image.asked) == 3

    steer(workshop, runs.resume_run, run)
    await at_once(workshop)

    assert workshop.read_run(run).status is RunStatus.COMPLETED
    assert len(workshop.image.asked) == 6
    assert workshop.charges() == [7] * 6


async def test_cancelling_lets_an_execution_at_work_end_normally(workshop: Workshop) -> None:
    run = await of_images(workshop, 2, images=2, concurrency=1)
    workshop.image.gate = asyncio.Event()
    async with cancelled_at_the_end(at_once(workshop)) as working:
        await until(lambda: len(workshop.image.asked) == 2)
        steer(workshop, runs.cancel_run, run)
        workshop.image.gate.set()
        await working

    ended = workshop.read_run(run)
    assert (ended.status, ended.credits_used) == (RunStatus.CANCELLED, 14)
    [task] = workshop.tasks()
    assert (task.status, task.items_done) == (TaskStatus.SUCCESS, 2)
    assert workshop.spent == 14


async def test_an_item_that_dies_in_every_attempt_fails_and_its_hold_is_given_back(
    workshop: Workshop,
) -> None:
    run = await of_images(workshop, 1)
    [job] = workshop.jobs()
    for _ in range(ATTEMPTS_MAX):
        workshop.image.replies = [Died("out of memory")]
        with pytest.raises(Died):
            await workshop.item_worker().do(job)

    await workshop.item_worker().do(job)

    [item] = workshop.items(run)
    assert item.status is RunItemStatus.FAILED
    assert "begun 5 times and never ended" in item.error
    assert workshop.read_run(run).status is RunStatus.FAILED
    assert workshop.tasks()[0].status is TaskStatus.ERROR
    assert workshop.spent == 0
    assert workshop.leases() == 0


async def test_a_charged_item_whose_delivery_kills_every_time_fails_at_last_with_its_charge(
    workshop: Workshop,
) -> None:
    run = workshop.start(workshop.config(Stage.CLUSTER), {Stage.CLUSTER: await workshop.keywords()})
    [job] = workshop.jobs()
    fall = Fall("after capture", always=True)
    dying = workshop.executor(ledger=FallingLedger(workshop.ledger, fall), function=FallingClusters(fall))
    for _ in range(2 * ATTEMPTS_MAX):
        with pytest.raises(Died):
            await workshop.item_worker(dying).do(job)

    await workshop.item_worker(dying).do(job)

    [item] = workshop.items(run)
    assert (item.status, item.credits_used) == (RunItemStatus.FAILED, 2)
    assert "never ended" in item.error
    ended = workshop.read_run(run)
    assert (ended.status, ended.credits_used) == (RunStatus.FAILED, 2)
    assert workshop.spent == workshop.tasks()[0].credits_used == 2
    assert workshop.leases() == 0


async def test_a_poisonous_review_fails_too(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(Stage.REVIEW), {Stage.REVIEW: [workshop.site_id]})
    with workshop.transactions.engine.begin() as connection:
        connection.execute(text(f"UPDATE run_item SET attempts = {ATTEMPTS_MAX}"))

    await workshop.work_off()

    assert "never ended" in workshop.items(run)[0].error


@pytest.mark.parametrize("step", [step for step in STEPS if "prepare" not in step])
async def test_an_item_whose_worker_died_anywhere_is_ended_once_by_the_next(
    workshop: Workshop, step: str
) -> None:
    run = workshop.start(workshop.config(Stage.CLUSTER), {Stage.CLUSTER: await workshop.keywords()})
    [job] = workshop.jobs()
    fall = Fall(step)
    workshop.text.at = fall.at
    executor = workshop.executor(ledger=FallingLedger(workshop.ledger, fall), function=FallingClusters(fall))
    with pytest.raises(Died):
        await workshop.item_worker(executor).do(job)

    await workshop.item_worker().do(job)

    ended = workshop.read_run(run)
    assert (ended.status, ended.credits_used) == (RunStatus.COMPLETED, 2)
    assert len(workshop.text.asked) == 1 + (step == "after call")
    assert workshop.spent == 2


async def test_a_worker_that_is_told_to_end_leaves_its_item_to_the_next_at_once(workshop: Workshop) -> None:
    run = await of_images(workshop, 1)
    [job] = workshop.jobs()
    workshop.image.gate = asyncio.Event()
    working = asyncio.create_task(workshop.item_worker().do(job))
    await until(lambda: workshop.image.asked)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    workshop.image.gate.set()

    await workshop.item_worker().do(job)

    assert workshop.read_run(run).status is RunStatus.COMPLETED
    assert workshop.items(run)[0].attempts == 1
    assert workshop.spent == 7


async def test_a_job_that_comes_again_after_the_end_does_nothing(workshop: Workshop) -> None:
    run = await of_images(workshop, 1)
    [job] = workshop.jobs()
    await workshop.item_worker().do(job)
    events = workshop.told("runs")

    again = await workshop.item_worker().do(job)

    assert again
    assert workshop.told("runs") == events
    assert workshop.read_run(run).credits_used == workshop.spent == 7


async def test_a_job_while_another_worker_is_at_the_item_does_nothing(workshop: Workshop) -> None:
    await of_images(workshop, 1)
    [job] = workshop.jobs()
    workshop.image.gate = asyncio.Event()
    async with cancelled_at_the_end(at_once(workshop)) as working:
        await until(lambda: workshop.image.asked)

        assert await workshop.item_worker().do(job)

        workshop.image.gate.set()
        await working
    assert len(workshop.image.asked) == 1


async def test_a_model_whose_price_was_taken_away_fails_what_needs_it_and_says_so(workshop: Workshop) -> None:
    run = workshop.start(workshop.config(Stage.CLUSTER), {Stage.CLUSTER: await workshop.keywords()})
    with workshop.transactions.engine.begin() as connection:
        connection.execute(text("""UPDATE automation_run SET models = '{"cluster_keywords": "unknown-1"}'"""))

    await workshop.work_off()

    ended = workshop.read_run(run)
    assert ended.status is RunStatus.FAILED
    assert "unknown-1" in workshop.items(run)[0].error
    assert ended.error == workshop.items(run)[0].error
    assert workshop.spent == 0


async def test_two_batches_that_meet_in_one_cluster_pay_its_ideas_once(workshop: Workshop) -> None:
    ids = await workshop.keywords(
        "compost heap", "compost heap wood", "compost heap soil", "compost heap bin"
    )
    config = workshop.config(Stage.CLUSTER, Stage.IDEAS, batch_size=2, concurrency=1)
    workshop.start(config, {Stage.CLUSTER: ids})

    await workshop.work_off()

    clusters = await workshop.inventory.cluster_names(workshop.site_id)
    ideas = [task for task in workshop.tasks() if task.function_name is FunctionName.GENERATE_IDEAS]
    assert len(ideas) == len(clusters)

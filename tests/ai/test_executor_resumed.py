"""Work that is taken up long after its hold has ended: nothing is asked for or saved without one, and all of it is paid."""

from datetime import datetime

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import PauseReason, Run, RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.holding import HoldEnded
from services.ai.providers.limits import Limits
from services.ai.store.leases import Lease
from services.ai.usecases import runs
from services.ai.usecases import tasks as write
from tests.ai.falls import Died, Fall, FallingClusters, FallingLedger
from tests.ai.workshop import TEXT_MODEL, Workshop

IMAGES = FunctionName.GENERATE_IMAGES


def held(workshop: Workshop) -> bool:
    """Whether a hold of the account lives at this moment."""
    found = workshop.billing.rows(
        "SELECT 1 FROM reservation WHERE account_id = CAST(:account_id AS uuid) AND status = 'active'"
        " AND expires_at > :now",
        account_id=workshop.account_id,
        now=workshop.clock.now(),
    )
    return bool(found)


def spend_the_rest(workshop: Workshop) -> None:
    [grant] = workshop.billing.grants(workshop.account_id)
    workshop.billing.void_grant(grant)


def next_lease(workshop: Workshop, task: AiTask) -> Lease:
    """The lease of another worker, after that of the dead one ran out."""
    workshop.end_leases()
    lease = workshop.run(write.claim, subject_id=task.id, owner="another worker")
    assert lease is not None
    return lease


async def died(workshop: Workshop, *, images: int, charged: int = 0) -> AiTask:
    """The execution of an article's images whose worker died with all but the charged ones to be asked for.

    It lived to note of the charged ones all but the first.
    """
    task, lease = workshop.task(IMAGES, await workshop.article_with_images(images))
    one_by_one = workshop.executor(
        ledger=FallingLedger(workshop.ledger, Fall("after capture")),
        providers=workshop.limited(Limits(calls_at_once=1)),
    )
    workshop.image.replies = [*[None] * charged, *[Died("out of memory")] * (images - charged)]
    with pytest.raises(Died):
        await workshop.execute(task, lease, one_by_one)
    workshop.image.asked.clear()
    return task


@pytest.mark.parametrize("hours", [2, 49])
async def test_a_model_is_asked_only_while_a_hold_lives(workshop: Workshop, hours: int) -> None:
    task = await died(workshop, images=2)
    workshop.clock.advance(hours=hours)
    lived: list[bool] = []
    workshop.image.replies = [lambda _: lived.append(held(workshop))] * 2

    ended = await workshop.execute(task, next_lease(workshop, task))

    assert lived == [True, True]
    assert (ended.status, workshop.charges()) == (TaskStatus.SUCCESS, [7, 7])
    assert workshop.spent == ended.credits_used == 14


async def test_a_hold_that_still_lives_is_extended_and_not_taken_twice(workshop: Workshop) -> None:
    task = await died(workshop, images=1)
    workshop.clock.advance(minutes=14)
    before: list[tuple[str, datetime]] = workshop.billing.rows("SELECT id, expires_at FROM reservation")

    await workshop.executor().begin(task.id, next_lease(workshop, task))

    after: list[tuple[str, datetime]] = workshop.billing.rows("SELECT id, expires_at FROM reservation")
    assert [id for id, _ in after] == [id for id, _ in before]
    assert after[0][1] > before[0][1]


async def test_what_was_charged_before_stays_charged_once_and_only_the_rest_is_held_anew(
    workshop: Workshop,
) -> None:
    task = await died(workshop, images=5, charged=2)
    workshop.clock.advance(hours=49)
    begun = await workshop.executor().begin(task.id, lease := next_lease(workshop, task))
    held_anew = workshop.billing.balance(workshop.account_id).reserved

    await workshop.executor().work(begun, lease)

    ended = await workshop.executor().finish(begun.task, lease)
    assert held_anew == 3 * 7
    assert len(workshop.image.asked) == 3
    assert (ended.status, ended.items_done) == (TaskStatus.SUCCESS, 5)
    assert (workshop.charges(), workshop.spent) == ([7] * 5, 35)


async def test_work_that_may_not_be_held_again_ends_without_a_call(workshop: Workshop) -> None:
    task = await died(workshop, images=2)
    workshop.clock.advance(hours=49)
    spend_the_rest(workshop)

    ended = await workshop.execute(task, next_lease(workshop, task))

    assert (ended.status, ended.reason) == (TaskStatus.ERROR, "INSUFFICIENT_CREDITS")
    assert (ended.items_failed, ended.credits_used) == (2, 0)
    assert workshop.image.asked == []
    assert workshop.told("ai_tasks")[-1] == "failed"


async def test_of_work_that_may_not_be_held_again_what_was_charged_is_kept(workshop: Workshop) -> None:
    task = await died(workshop, images=5, charged=2)
    workshop.clock.advance(hours=49)
    spend_the_rest(workshop)

    ended = await workshop.execute(task, next_lease(workshop, task))

    assert (ended.status, ended.items_done, ended.items_failed) == (TaskStatus.SUCCESS, 2, 3)
    assert ended.credits_used == 14
    assert {failed["reason"] for failed in ended.result["failed_items"]} == {"INSUFFICIENT_CREDITS"}
    assert workshop.image.asked == []


async def test_a_cancelled_execution_is_not_held_again_for_what_it_will_not_do(workshop: Workshop) -> None:
    task = await died(workshop, images=2)
    workshop.clock.advance(hours=49)
    spend_the_rest(workshop)
    workshop.run(write.cancel_task, task_id=task.id, account_id=workshop.account_id, now=workshop.clock.now())

    ended = await workshop.execute(task, next_lease(workshop, task))

    assert (ended.status, ended.items_failed) == (TaskStatus.CANCELLED, 0)


async def test_the_hold_of_work_that_takes_long_is_extended_while_it_goes_on(workshop: Workshop) -> None:
    task, lease = workshop.task(IMAGES, await workshop.article_with_images(4))
    lived: list[bool] = []

    def slow(_: object) -> None:
        lived.append(held(workshop))
        workshop.clock.advance(minutes=12)

    workshop.image.replies = [slow] * 4
    one_by_one = workshop.executor(providers=workshop.limited(Limits(calls_at_once=1)))

    ended = await workshop.execute(task, lease, one_by_one)

    assert lived == [True] * 4
    assert (ended.items_done, workshop.charges()) == (4, [7] * 4)


async def test_a_process_that_stood_still_for_days_delivers_nothing_without_its_charge(
    workshop: Workshop,
) -> None:
    task, lease = workshop.task(IMAGES, await workshop.article_with_images(1))
    workshop.image.replies = [lambda _: workshop.clock.advance(hours=49)]
    with pytest.raises(HoldEnded):
        await workshop.execute(task, lease)
    assert workshop.read_task(task.id)[0].status is TaskStatus.PENDING

    ended = await workshop.execute(task, next_lease(workshop, task))

    assert (ended.status, workshop.charges()) == (TaskStatus.SUCCESS, [7])
    assert len(workshop.image.asked) == 1


async def run_that_died(workshop: Workshop, step: str) -> Run:
    """A run of one batch of keywords, whose worker died two days ago, on an account that has spent the rest since.

    Another worker has taken it up.
    """
    run = workshop.start(
        workshop.config(Stage.CLUSTER, batch_size=4), {Stage.CLUSTER: await workshop.keywords()}
    )
    fall = Fall(step)
    falling = workshop.executor(ledger=FallingLedger(workshop.ledger, fall), function=FallingClusters(fall))
    with pytest.raises(Died):
        await workshop.work_off(workshop.item_worker(falling))
    workshop.end_leases()
    workshop.clock.advance(hours=49)
    spend_the_rest(workshop)
    await workshop.item_worker().do(workshop.jobs()[0])
    return workshop.read_run(run)


async def test_a_run_that_may_not_hold_its_work_again_pauses_and_charges_it_after_a_top_up(
    workshop: Workshop,
) -> None:
    paused = await run_that_died(workshop, "before capture")
    assert (paused.status, paused.pause_reason) == (RunStatus.PAUSED, PauseReason.INSUFFICIENT_CREDITS)
    assert [item.status for item in workshop.items(paused)] == [RunItemStatus.QUEUED]
    workshop.billing.grant(workshop.account_id, amount=100)

    workshop.run(runs.resume_run, run_id=paused.id, account_id=workshop.account_id, now=workshop.clock.now())
    await workshop.work_off()

    ended = workshop.read_run(paused)
    assert (ended.status, ended.credits_used) == (RunStatus.COMPLETED, 2)
    assert workshop.billing.balance(workshop.account_id).credits == 98
    assert [request.model for request in workshop.text.asked] == [TEXT_MODEL]
    assert [task.status for task in workshop.tasks()] == [TaskStatus.SUCCESS]


async def test_work_that_waits_for_its_hold_ends_with_its_run(workshop: Workshop) -> None:
    paused = await run_that_died(workshop, "before begin")

    workshop.run(runs.cancel_run, run_id=paused.id, account_id=workshop.account_id, now=workshop.clock.now())

    assert workshop.read_run(paused).status is RunStatus.CANCELLED
    assert [task.status for task in workshop.tasks()] == [TaskStatus.CANCELLED]
    assert workshop.leases() == 0
    assert workshop.text.asked == []

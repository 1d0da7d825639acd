"""A process dies at any step of the road, and another goes on: nothing paid is asked for, charged or saved twice."""

from typing import Any

import pytest

from chassis.ids import new_id
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import NeverEnded, TaskStatus
from services.ai.executor import Executor
from services.ai.store.leases import Lease, LeaseLost
from services.ai.usecases import tasks as write
from services.ai.usecases.preparing import Prepared, Reserved, note_prepared, note_reservations
from tests.ai.falls import CHARGED_BEFORE, RELEASE, STEPS, Died, Fall, FallingClusters, FallingLedger
from tests.ai.models import REFUSED
from tests.ai.workshop import Workshop

CLUSTER = FunctionName.CLUSTER_KEYWORDS


LOST = {"after call": 1}
"""Calls whose answer is lost when a worker dies at the step."""


def falling(workshop: Workshop, step: str, *, always: bool = False) -> Executor:
    fall = Fall(step, always=always)
    workshop.text.at = fall.at
    return workshop.executor(ledger=FallingLedger(workshop.ledger, fall), function=FallingClusters(fall))


def next_lease(workshop: Workshop, task_id: str) -> Lease:
    """The lease of another worker, after that of the dead one ran out."""
    workshop.end_leases()
    lease = workshop.run(write.claim, subject_id=task_id, owner="another worker")
    assert lease is not None
    return lease


@pytest.mark.parametrize("hours", [0, 49])
@pytest.mark.parametrize("step", STEPS)
async def test_whatever_step_it_died_at_and_however_long_ago_the_next_worker_ends_it_once(
    workshop: Workshop, step: str, hours: int
) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, step))
    workshop.clock.advance(hours=hours)

    ended = await workshop.execute(task, next_lease(workshop, task.id))

    assert (ended.status, ended.items_done) == (TaskStatus.SUCCESS, 1)
    assert len(workshop.text.asked) == 1 + LOST.get(step, 0)
    assert len(workshop.charges()) == 1
    assert workshop.spent == ended.credits_used == 2
    clusters = await workshop.inventory.cluster_names(workshop.site_id)
    assert len(clusters) == len(set(clusters)) == ended.outputs


async def test_the_only_capture_of_an_execution_ends_its_hold_without_a_release(workshop: Workshop) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())

    ended = await workshop.execute(task, lease, falling(workshop, "before release", always=True))

    assert ended.status is TaskStatus.SUCCESS
    assert workshop.spent == 2


@pytest.mark.parametrize("step", RELEASE)
async def test_who_dies_at_the_release_of_several_items_has_its_log_ended_by_the_next(
    workshop: Workshop, step: str
) -> None:
    content_id = await workshop.article_with_images(2)
    task, lease = workshop.task(FunctionName.GENERATE_IMAGES, content_id)
    dying = workshop.executor(ledger=FallingLedger(workshop.ledger, Fall(step)))
    with pytest.raises(Died):
        await workshop.execute(task, lease, dying)

    ended = await workshop.execute(task, next_lease(workshop, task.id))

    assert (ended.status, ended.items_done) == (TaskStatus.SUCCESS, 2)
    assert len(workshop.image.asked) == len(workshop.charges()) == 2
    assert workshop.spent == 14


@pytest.mark.parametrize("step", STEPS[:CHARGED_BEFORE])
async def test_who_dies_before_the_capture_has_charged_nothing(workshop: Workshop, step: str) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())

    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, step))

    assert workshop.charges() == []


@pytest.mark.parametrize("step", STEPS[:CHARGED_BEFORE])
async def test_what_dies_every_time_before_the_capture_fails_free_of_charge(
    workshop: Workshop, step: str
) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, step, always=True))

    ended = await workshop.abandon(task, next_lease(workshop, task.id), NeverEnded(5))

    assert (ended.status, ended.items_done) == (TaskStatus.ERROR, 0)
    assert workshop.spent == ended.credits_used == 0


@pytest.mark.parametrize("step", STEPS[CHARGED_BEFORE:])
async def test_what_dies_every_time_after_the_capture_is_done_and_not_failed(
    workshop: Workshop, step: str
) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, step, always=True))

    ended = await workshop.abandon(task, next_lease(workshop, task.id), NeverEnded(5))

    assert (ended.status, ended.items_done) == (TaskStatus.SUCCESS, 1)
    assert len(workshop.text.asked) == len(workshop.charges()) == 1
    assert workshop.spent == ended.credits_used == 2


async def test_what_cannot_even_be_ended_from_its_journal_is_done_without_what_it_made(
    workshop: Workshop,
) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, "after capture", always=True))
    lease, dying = next_lease(workshop, task.id), falling(workshop, "before save", always=True)
    with pytest.raises(Died):
        await dying.abandon(task.id, lease, NeverEnded(5))

    done = await dying.abandon(task.id, lease, NeverEnded(5), hopeless=True)

    ended = await dying.finish(done, lease)
    assert (ended.status, ended.items_done, ended.outputs) == (TaskStatus.SUCCESS, 1, 0)
    assert workshop.spent == ended.credits_used == 2
    assert len(workshop.charges()) == 1


async def test_of_many_items_those_that_were_charged_are_done_when_the_rest_is_given_up(
    workshop: Workshop,
) -> None:
    content_id = await workshop.article_with_images(6)
    task, lease = workshop.task(FunctionName.GENERATE_IMAGES, content_id)
    workshop.image.replies = [None, None, REFUSED, Died("out of memory"), Died("again")]
    with pytest.raises(Died):
        await workshop.execute(
            task, lease, workshop.executor(ledger=FallingLedger(workshop.ledger, Fall("after capture")))
        )
    charged = len(workshop.charges())

    ended = await workshop.abandon(task, next_lease(workshop, task.id), NeverEnded(5))

    assert ended.items_done == len(workshop.charges()) == charged > 0
    assert ended.items_failed == 6 - charged
    assert workshop.spent == ended.credits_used == 7 * charged


async def test_an_answer_that_was_lost_before_it_was_journalled_is_paid_once_by_the_account(
    workshop: Workshop,
) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, "after call"))

    ended = await workshop.execute(task, next_lease(workshop, task.id))

    assert len(workshop.text.asked) == 2, "the provider was asked again: the platform's loss"
    assert workshop.spent == ended.credits_used == 2


async def test_a_repair_that_was_lost_is_not_a_third_question(workshop: Workshop) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    workshop.text.replies = ["{"]
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, "before save"))

    await workshop.execute(task, next_lease(workshop, task.id))

    assert len(workshop.text.asked) == 2
    assert workshop.spent == 3


async def test_a_quote_that_expired_while_nobody_worked_is_asked_for_again(workshop: Workshop) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    with pytest.raises(Died):
        await workshop.execute(task, lease, falling(workshop, "after quote"))
    with pytest.raises(Died):
        await workshop.execute(task, next_lease(workshop, task.id), falling(workshop, "before reserve"))
    workshop.clock.advance(hours=1)

    ended = await workshop.execute(task, next_lease(workshop, task.id))

    assert ended.status is TaskStatus.SUCCESS
    assert workshop.spent == 2


async def test_who_lost_its_lease_can_write_nothing_more(workshop: Workshop) -> None:
    task, lease = workshop.task(CLUSTER, *await workshop.keywords())
    begun = await workshop.executor().begin(task.id, lease)
    next_lease(workshop, task.id)

    with pytest.raises(LeaseLost):
        await workshop.executor().work(begun, lease)

    assert workshop.read_task(task.id)[0].status is TaskStatus.PENDING
    assert workshop.charges() == []


@pytest.mark.parametrize(
    ("note", "step", "facts"),
    [(note_prepared, Prepared, {}), (note_reservations, Reserved, {"reservation_id": new_id()})],
)
def test_every_step_refuses_a_lost_lease(
    workshop: Workshop, note: Any, step: Any, facts: dict[str, str]
) -> None:
    task, lease = workshop.task(CLUSTER)
    next_lease(workshop, task.id)

    [refused] = workshop.run(
        note, steps=[step(lease=lease, task_id=task.id, **facts)], now=workshop.clock.now()
    )

    assert isinstance(refused, LeaseLost)
    assert workshop.read_task(task.id)[0] == task


@pytest.mark.parametrize("step", ["fail_item", "finish_task", "refuse_task", "put_task_off"])
def test_every_ending_refuses_a_lost_lease(workshop: Workshop, step: str) -> None:
    task, lease = workshop.task(CLUSTER)
    next_lease(workshop, task.id)

    with pytest.raises(LeaseLost):
        workshop.run(
            getattr(write, step), lease=lease, task_id=task.id, now=workshop.clock.now(), **FACTS[step]
        )


FACTS: dict[str, dict[str, object]] = {
    "fail_item": {"position": 0, "refusal": REFUSED},
    "finish_task": {},
    "refuse_task": {"refusal": REFUSED},
    "put_task_off": {},
}

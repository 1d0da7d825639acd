"""The steps of items, many in a transaction: none is counted twice, and a lost lease takes no other down with it."""

from dataclasses import replace
from decimal import Decimal

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import Answer, ItemStatus, TaskItem
from services.ai.store.leases import Lease, LeaseLost
from services.ai.usecases import tasks as write
from services.ai.usecases.item_steps import Answered, Completed, complete_items, journal_answers
from services.ai.usecases.preparing import Prepared, note_prepared
from tests.ai.workshop import Workshop

ANSWER = Answer(data=b"\x89PNG\x00\\x27", media_type="image/png", images=1, cost_usd=Decimal("0.0470400"))


def begun(workshop: Workshop, items: int = 2) -> tuple[AiTask, Lease, list[TaskItem]]:
    """An execution with so many items."""
    task, lease = workshop.task(FunctionName.GENERATE_IMAGES)
    made = [
        TaskItem(task_id=task.id, position=at, item_id=task.id, label=f"Item {at}", input={})
        for at in range(items)
    ]
    made = [replace(item, item_id=f"{task.id[:-1]}{item.position}") for item in made]
    step = Prepared(lease=lease, task_id=task.id, items=made)
    [noted] = workshop.run(note_prepared, steps=[step], now=workshop.clock.now())
    assert isinstance(noted, AiTask)
    return noted, lease, made


def taken_over(workshop: Workshop, task: AiTask) -> Lease:
    workshop.end_leases()
    lease = workshop.run(write.claim, subject_id=task.id, owner="another worker")
    assert lease is not None
    return lease


def completed(lease: Lease, item: TaskItem) -> Completed:
    return Completed(
        lease=lease, item=item, output={"url": "/a"}, outputs=1, credits_used=7, cost=Decimal("0.05")
    )


def test_an_answer_is_read_back_as_it_was_journalled(workshop: Workshop) -> None:
    task, lease, items = begun(workshop)
    answered = [item.answered(ANSWER) for item in items]

    workshop.run(journal_answers, steps=[Answered(lease=lease, item=item) for item in answered])

    assert workshop.read_task(task.id)[1] == answered


def test_items_of_several_executions_are_journalled_together(workshop: Workshop) -> None:
    (one, lease, items), (other, other_lease, other_items) = begun(workshop), begun(workshop)
    steps = [
        Answered(lease=lease, item=items[1].answered(ANSWER)),
        Answered(lease=other_lease, item=other_items[0].answered(ANSWER)),
    ]

    workshop.run(journal_answers, steps=steps)

    assert [item.status for item in workshop.read_task(one.id)[1]] == [
        ItemStatus.PENDING,
        ItemStatus.ANSWERED,
    ]
    assert [item.status for item in workshop.read_task(other.id)[1]] == [
        ItemStatus.ANSWERED,
        ItemStatus.PENDING,
    ]


def test_a_lost_lease_refuses_its_own_answer_only(workshop: Workshop) -> None:
    (lost, old_lease, items), (kept, lease, kept_items) = begun(workshop), begun(workshop)
    workshop.end_leases()
    workshop.run(write.claim, subject_id=lost.id, owner="another worker")
    steps = [
        Answered(lease=old_lease, item=items[0].answered(ANSWER)),
        Answered(lease=lease, item=kept_items[0].answered(ANSWER)),
    ]

    refused, noted = workshop.run(journal_answers, steps=steps)

    assert isinstance(refused, LeaseLost)
    assert noted == steps[1].item
    assert workshop.read_task(lost.id)[1] == items
    assert workshop.read_task(kept.id)[1][0].status is ItemStatus.ANSWERED


def test_items_that_end_together_are_counted_each_with_its_event(workshop: Workshop) -> None:
    task, lease, items = begun(workshop)
    steps = [completed(lease, item.answered(ANSWER)) for item in items]

    results = workshop.run(complete_items, steps=steps, now=workshop.clock.now())

    counted = [(each.items_done, each.cost) for each in results if isinstance(each, AiTask)]
    assert counted == [(1, Decimal("0.05")), (2, Decimal("0.10"))]
    assert workshop.read_task(task.id)[0] == results[-1]
    told = [event.payload["task"]["items_done"] for event in workshop.events("ai_tasks")[1:]]
    assert told == [1, 2]


def test_what_is_done_keeps_no_answer_and_its_output(workshop: Workshop) -> None:
    task, lease, items = begun(workshop, items=1)
    workshop.run(journal_answers, steps=[Answered(lease=lease, item=items[0].answered(ANSWER))])

    workshop.run(complete_items, steps=[completed(lease, items[0])], now=workshop.clock.now())

    (item,) = workshop.read_task(task.id)[1]
    assert (item.status, item.answer, item.output) == (ItemStatus.DONE, None, {"url": "/a"})
    assert (item.credits_used, item.cost) == (7, Decimal("0.05"))


def test_an_item_that_is_done_is_not_counted_again(workshop: Workshop) -> None:
    task, lease, items = begun(workshop)
    step = completed(lease, items[0])
    workshop.run(complete_items, steps=[step], now=workshop.clock.now())

    workshop.run(complete_items, steps=[step, step], now=workshop.clock.now())

    assert workshop.read_task(task.id)[0].items_done == 1
    assert workshop.told("ai_tasks").count("progressed") == 1


def test_a_lost_lease_completes_nothing(workshop: Workshop) -> None:
    task, old_lease, items = begun(workshop)
    lease = taken_over(workshop, task)
    steps = [completed(old_lease, items[0]), completed(lease, items[1])]

    refused, done = workshop.run(complete_items, steps=steps, now=workshop.clock.now())

    assert isinstance(refused, LeaseLost)
    assert isinstance(done, AiTask)
    assert done.items_done == 1
    assert [item.status for item in workshop.read_task(task.id)[1]] == [ItemStatus.PENDING, ItemStatus.DONE]

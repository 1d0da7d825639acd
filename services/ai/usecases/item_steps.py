"""The steps of items that are written down, those of many items in one transaction; each is fenced by its worker's lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from services.ai.domain.events import TaskProgressed
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import TaskItem
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A provider answered the item, which says so already."""

    lease: Lease
    item: TaskItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """An item's output is saved at publisher and captured at billing."""

    lease: Lease
    item: TaskItem
    output: dict[str, Any]
    outputs: int
    credits_used: int
    cost: Decimal
    traceparent: str = ""
    """The trace its event goes on in."""


def without_trace(item: TaskItem, lease: Lease, *, credits_used: int, cost: Decimal) -> Completed:
    """The end of an item that is saved and charged, and of which nobody can tell what it made."""
    output = {"flow": [], "outputs": 0, "input_tokens": 0, "output_tokens": 0}
    return Completed(lease=lease, item=item, output=output, outputs=0, credits_used=credits_used, cost=cost)


def journal_answers(tx: AiTransaction, *, steps: Sequence[Answered]) -> list[TaskItem | LeaseLost]:
    """The provider answered: from this commit on it is never asked again for these items, but for one repair each.

    Writing them again changes nothing, so none is read first.
    """
    held = tx.leases.hold_all([step.lease for step in steps])
    tx.task_items.save_answers([step.item for step in steps if step.lease in held], writes=tx.writes)
    return [step.item if step.lease in held else LeaseLost(step.lease.subject_id) for step in steps]


def complete_items(
    tx: AiTransaction, *, steps: Sequence[Completed], now: datetime
) -> list[AiTask | LeaseLost]:
    """The items are done; one event each. Those that are done already stay as they are, and are not counted twice."""
    held = tx.leases.hold_all([step.lease for step in steps])
    fenced = [step for step in steps if step.lease in held]
    tasks = tx.tasks.lock_all([step.item.task_id for step in fenced])
    still_open = tx.task_items.still_open([step.item for step in fenced])
    ended: list[TaskItem] = []
    results: list[AiTask | LeaseLost] = []
    for step in steps:
        if step.lease not in held:
            results.append(LeaseLost(step.lease.subject_id))
            continue
        item, task = step.item, tasks[step.item.task_id]
        if (item.task_id, item.position) in still_open:
            still_open.remove((item.task_id, item.position))
            task, done = end_item(task, step, now=now)
            ended.append(done)
            tasks[task.id] = task
            tx.record(TaskProgressed(task=task), account_id=task.account_id, traceparent=step.traceparent)
        results.append(task)
    tx.task_items.save_endings(ended, writes=tx.writes)
    tx.tasks.save_progress(list(tasks.values()), writes=tx.writes)
    return results


def end_item(task: AiTask, step: Completed, *, now: datetime) -> tuple[AiTask, TaskItem]:
    """The execution with an item more that is done, and that item."""
    done = step.item.done(step.output, credits_used=step.credits_used, cost=step.cost)
    counted = task.item_done(outputs=step.outputs, credits_used=step.credits_used, cost=step.cost, now=now)
    return counted, done

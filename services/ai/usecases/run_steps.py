"""The beginning and the end of items of runs, those of many in one transaction: each run changes once for all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.ai.domain.events import RunMove, TaskStarted
from services.ai.domain.run import Run, RunStatus
from services.ai.domain.run_item import ItemResult, RunItem, result_of
from services.ai.domain.stages import Output, Stage, next_stage
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import EndedItem
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.planning import plan_outputs
from services.ai.usecases.runs import advance
from services.ai.usecases.tasks import end_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """A worker has the job of an item."""

    run_item_id: str
    traceparent: str = ""
    """The trace its task log goes on in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An item a worker may work on now."""

    item: RunItem
    lease: Lease
    task: AiTask | None = None
    """Its task log, where it was written just now: nothing has come of it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An item is over: by this result, else by what came of its execution, whose hold was given back."""

    lease: Lease
    run_item_id: str
    result: ItemResult | None = None
    error: str = ""
    """What the item failed by, whatever came of its execution."""
    traceparent: str = ""


TaskOf = Callable[[Run, RunItem], AiTask | None]
"""The task log of an item's execution, to be written down; None for a stage that needs no model."""


def begin_items(
    tx: AiTransaction, *, steps: Sequence[Beginning], owner: str, task_of: TaskOf, now: datetime
) -> list[Begun | None]:
    """Takes items for a worker, and writes the task log of each down when it is begun for the first time.

    None for one about whose job there is nothing to do (any more, or just now). What was begun is ended, also while
    its run is pausing or cancelling. A poisonous item is given as well: it is to be failed, not worked on.
    """
    runs, items = tx.run_sheets.lock([step.run_item_id for step in steps])
    leases = tx.leases.claim_all(
        [item.id for item in items.values() if item.dispatched and not item.ended], owner=owner
    )
    begun: list[Begun | None] = []
    for step in steps:
        # The job of an item may be there twice.
        lease = leases.pop(step.run_item_id, None)
        if lease is None:
            begun.append(None)
            continue
        item = items[step.run_item_id].begin(now=now)
        task = task_of(runs[item.run_id], item) if item.ai_task_id is None else None
        if task is not None:
            item = replace(item, ai_task_id=task.id)
            tx.record(TaskStarted(task=task), account_id=task.account_id, traceparent=step.traceparent)
        begun.append(Begun(item=item, lease=lease, task=task))
    taken = [each for each in begun if each is not None]
    tx.tasks.add_all([each.task for each in taken if each.task is not None], writes=tx.writes)
    tx.run_items.save_all([each.item for each in taken], writes=tx.writes)
    with tx.in_trace(steps[0].traceparent):
        for run_id in sorted({each.item.run_id for each in taken}):
            advance(tx, runs[run_id], before=runs[run_id], move=RunMove.PROGRESSED, now=now)
    return begun


def end_items(tx: AiTransaction, *, steps: Sequence[Ending], now: datetime) -> list[LeaseLost | None]:
    """The items are over, with their task logs: their outputs become items of the next stage, in the same transaction."""
    runs, items = tx.run_sheets.lock([step.run_item_id for step in steps])
    held = tx.leases.hold_all([step.lease for step in steps])
    fenced = [step for step in steps if step.lease in held]
    endings = _Endings(tx, runs, now)
    executions = _executions(tx, [items[step.run_item_id] for step in fenced if step.result is None])
    for step in fenced:
        item = items[step.run_item_id]
        if not item.ended:
            endings.end(item, step.result or _finished(tx, item, executions, step, now=now))
    tx.run_items.save_all(endings.items, writes=tx.writes)
    with tx.in_trace(steps[0].traceparent):
        endings.announce()
    tx.leases.give_up_all(held)
    return [None if step.lease in held else LeaseLost(step.lease.subject_id) for step in steps]


_Executions = dict[str, tuple[AiTask, list[EndedItem]]]


def _executions(tx: AiTransaction, items: Sequence[RunItem]) -> _Executions:
    """The executions of items, locked, with what came of theirs."""
    ids = {item.ai_task_id for item in items if item.ai_task_id and not item.ended}
    if not ids:
        return {}
    tasks = tx.tasks.lock_all(ids)
    ended = tx.task_items.ended(ids)
    return {task_id: (task, ended[task_id]) for task_id, task in tasks.items()}


def _finished(
    tx: AiTransaction, item: RunItem, executions: _Executions, step: Ending, *, now: datetime
) -> ItemResult:
    """What came of the item's execution, which ends with it where it has not ended before."""
    assert item.ai_task_id is not None, "the item was begun with its task log"
    task, ended = executions[item.ai_task_id]
    if not task.ended:
        task = end_task(tx, task, ended, now=now, traceparent=step.traceparent)
    result = result_of(item, task, ended)
    return replace(result, error=step.error) if step.error else result


class _Endings:
    """The ends of items while they are collected by run."""

    def __init__(self, tx: AiTransaction, runs: dict[str, Run], now: datetime) -> None:
        self._tx = tx
        self._before = runs
        self._now = now
        self._runs: dict[str, Run] = {}
        self._flow: dict[tuple[str, Stage], list[Output]] = {}
        self._freed: set[str] = set()
        self.items: list[RunItem] = []

    def end(self, item: RunItem, result: ItemResult) -> None:
        now, run = self._now, self._runs.get(item.run_id) or self._before[item.run_id]
        self.items.append(item.failed(result, now=now) if result.error else item.done(result, now=now))
        progress = run.progress(item.stage)
        self._runs[run.id] = run.with_progress(
            replace(
                progress,
                done=progress.done + (not result.error),
                failed=progress.failed + bool(result.error),
                in_flight=progress.in_flight - 1,
                outputs=progress.outputs + result.outputs,
                credits_used=progress.credits_used + result.credits_used,
            ),
            now=now,
        )
        following = next_stage(item.stage, run.enabled)
        if following is not None and run.status is not RunStatus.CANCELLING:
            self._flow.setdefault((run.id, following), []).extend(result.flow)
        if item.credits_held:
            self._freed.add(run.id)

    def announce(self) -> None:
        """Plans what follows, and writes and announces each run that changed."""
        for (run_id, stage), outputs in self._flow.items():
            self._runs[run_id] = plan_outputs(self._tx, self._runs[run_id], stage, outputs, now=self._now)
        for run_id, run in sorted(self._runs.items()):
            advance(
                self._tx,
                run,
                before=self._before[run_id],
                move=RunMove.PROGRESSED,
                now=self._now,
                freed=run_id in self._freed,
            )

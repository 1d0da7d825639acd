"""Items of runs begin and end, many in one transaction: each run changes once for all of them."""

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
from services.ai.usecases.item_steps import Completed, end_item
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
    completed: Completed | None = None
    """The end of the one item of its execution, where that is not noted yet."""
    error: str = ""
    """What the item failed by, whatever came of its execution."""
    traceparent: str = ""


TaskOf = Callable[[Run, RunItem], AiTask | None]
"""The task log of an item's execution, to be written down; None for a stage that needs no model."""


def move_items(
    tx: AiTransaction, *, steps: Sequence[Beginning | Ending], owner: str, task_of: TaskOf, now: datetime
) -> list[Begun | LeaseLost | None]:
    """Ends items with their task logs, and takes others for a worker; what they made becomes items of the next stage.

    An item is begun with the task log of its first attempt; a poisonous one is given as well, to be failed and not
    worked on. None for one about whose job there is nothing to do (any more, or just now): what was begun is ended, also
    while its run is pausing or cancelling. LeaseLost for an end that is no longer this worker's to write.
    """
    runs, items = tx.run_sheets.lock([step.run_item_id for step in steps])
    moves = _Moves(tx, runs, items, now)
    held = moves.end([step for step in steps if isinstance(step, Ending)])
    begun = moves.begin([step for step in steps if isinstance(step, Beginning)], owner=owner, task_of=task_of)
    with tx.in_trace(steps[0].traceparent):
        moves.announce()
    tx.leases.give_up_all(held)
    results: list[Begun | LeaseLost | None] = []
    for step in steps:
        if isinstance(step, Beginning):
            # The job of an item may be there twice.
            results.append(begun.pop(step.run_item_id, None))
        else:
            results.append(None if step.lease in held else LeaseLost(step.lease.subject_id))
    return results


_Executions = dict[str, tuple[AiTask, list[EndedItem]]]


class _Moves:
    """What happens to items of locked runs, collected by run."""

    def __init__(
        self, tx: AiTransaction, runs: dict[str, Run], items: dict[str, RunItem], now: datetime
    ) -> None:
        self._tx = tx
        self._before = runs
        self._runs: dict[str, Run] = {}
        """Those that change."""
        self._items = items
        self._moved: dict[str, RunItem] = {}
        self._flow: dict[tuple[str, Stage], list[Output]] = {}
        self._freed: set[str] = set()
        self._now = now

    def end(self, steps: Sequence[Ending]) -> set[Lease]:
        """Gives the leases that are still held."""
        if not steps:
            return set()
        held = self._tx.leases.hold_all([step.lease for step in steps])
        fenced = [step for step in steps if step.lease in held and not self._items[step.run_item_id].ended]
        executions = self._executions(fenced)
        for step in fenced:
            item = self._items[step.run_item_id]
            if not item.ended:
                self._end(item, step.result or self._finished(item, executions, step))
        return held

    def begin(self, steps: Sequence[Beginning], *, owner: str, task_of: TaskOf) -> dict[str, Begun]:
        """Gives what was begun, by item."""
        wanted = {step.run_item_id: step for step in steps}
        there = [self._items[id] for id in wanted if id in self._items]
        leases = self._tx.leases.claim_all(
            [item.id for item in there if item.dispatched and not item.ended], owner=owner
        )
        begun: dict[str, Begun] = {}
        for item_id, lease in leases.items():
            item = self._items[item_id].begin(now=self._now)
            run = self._runs.setdefault(item.run_id, self._before[item.run_id])
            task = task_of(run, item) if item.ai_task_id is None else None
            if task is not None:
                item = replace(item, ai_task_id=task.id)
                self._tx.record(
                    TaskStarted(task=task),
                    account_id=task.account_id,
                    traceparent=wanted[item_id].traceparent,
                )
            self._moved[item_id] = item
            begun[item_id] = Begun(item=item, lease=lease, task=task)
        self._tx.tasks.add_all(
            [each.task for each in begun.values() if each.task is not None], writes=self._tx.writes
        )
        return begun

    def announce(self) -> None:
        """Plans what follows, and writes and announces each run that changed."""
        self._tx.run_items.save_all(list(self._moved.values()), writes=self._tx.writes)
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

    def _executions(self, steps: Sequence[Ending]) -> _Executions:
        """The executions that the items end by, locked, with what came of their items."""
        ids = {self._items[step.run_item_id].ai_task_id for step in steps if step.result is None}
        wanted = {id for id in ids if id is not None}
        if not wanted:
            return {}
        tasks, ended = self._tx.tasks.lock_all(wanted), self._tx.task_items.ended(wanted)
        return {task_id: (task, ended[task_id]) for task_id, task in tasks.items()}

    def _finished(self, item: RunItem, executions: _Executions, step: Ending) -> ItemResult:
        """What came of the item's execution, which ends with it where it has not ended before."""
        assert item.ai_task_id is not None, "the item was begun with its task log"
        task, ended = executions[item.ai_task_id]
        if not task.ended:
            if step.completed is not None and not ended:
                task, last = end_item(task, step.completed, now=self._now)
                self._tx.task_items.save_endings([last], writes=self._tx.writes)
                ended = [last.ending]
            task = end_task(self._tx, task, ended, now=self._now, traceparent=step.traceparent)
        result = result_of(item, task, ended)
        return replace(result, error=step.error) if step.error else result

    def _end(self, item: RunItem, result: ItemResult) -> None:
        now, run = self._now, self._runs.get(item.run_id) or self._before[item.run_id]
        ended = item.failed(result, now=now) if result.error else item.done(result, now=now)
        self._items[item.id] = self._moved[item.id] = ended
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

"""What is written down before a model is called: items, quote, the run's consent, hold; of many executions in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.refusal import Refusal
from services.ai.domain.run import Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.task import AiTask, Phase
from services.ai.domain.task_item import TaskItem
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What an execution works on and what that may take are known; nothing is held or called yet."""

    lease: Lease
    task_id: str
    items: Sequence[TaskItem] = ()
    quote_id: str | None = None
    credits_quoted: int = 0
    run_item_id: str | None = None
    """The item of a run that has to allow those credits; None where no run is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """The quote of an execution is held at billing."""

    lease: Lease
    task_id: str
    reservation_id: str


def note_prepared(tx: AiTransaction, *, steps: Sequence[Prepared], now: datetime) -> list[AiTask | Refusal]:
    """Fixes what executions work on, pins their quotes, and sets the credits aside in the limits of their runs.

    A repeat of the reservation names the same quote, and is the same reservation. An execution whose run refuses
    (CreditsTied, RunBudgetExceeded) is noted all the same.
    """
    admissions = _Admissions(tx, [step.run_item_id for step in steps if step.run_item_id])
    held = tx.leases.hold_all([step.lease for step in steps])
    tasks = tx.tasks.lock_all([step.task_id for step in steps if step.lease in held])
    items: list[TaskItem] = []
    results: list[AiTask | Refusal] = []
    for step in steps:
        if step.lease not in held:
            results.append(LeaseLost(step.lease.subject_id))
            continue
        task = tasks[step.task_id]
        if task.phase is Phase.INIT:
            task = task.prepared(items=len(step.items), now=now)
            items += step.items
        if step.quote_id is not None:
            task = task.quoted(step.quote_id, credits=step.credits_quoted, now=now)
        tasks[task.id] = task
        # What an execution was charged already its run counts at its end: until then it is held for it, too.
        most = task.credits_used + task.credits_quoted
        refusal = admissions.ask(step.run_item_id, most) if step.run_item_id else None
        results.append(refusal or task)
    tx.tasks.save_all(list(tasks.values()), writes=tx.writes)
    tx.task_items.add(items, writes=tx.writes)
    tx.run_items.save_all(admissions.admitted, writes=tx.writes)
    return results


def note_reservations(
    tx: AiTransaction, *, steps: Sequence[Reserved], now: datetime
) -> list[AiTask | LeaseLost]:
    """The models of these executions may be called."""
    held = tx.leases.hold_all([step.lease for step in steps])
    tasks = tx.tasks.lock_all([step.task_id for step in steps if step.lease in held])
    results: list[AiTask | LeaseLost] = []
    for step in steps:
        if step.lease in held:
            tasks[step.task_id] = tasks[step.task_id].reserved(step.reservation_id, now=now)
            results.append(tasks[step.task_id])
        else:
            results.append(LeaseLost(step.lease.subject_id))
    tx.tasks.save_all(list(tasks.values()), writes=tx.writes)
    return results


class _Admissions:
    """Sets credits aside in the limits of locked runs, for one item after the other."""

    def __init__(self, tx: AiTransaction, run_item_ids: Sequence[str]) -> None:
        self._tx = tx
        self._runs: dict[str, Run] = {}
        self._items: dict[str, RunItem] = {}
        self._held: dict[str, int] = {}
        self.admitted: list[RunItem] = []
        if run_item_ids:
            self._runs, self._items = tx.run_sheets.lock(run_item_ids)
            self._held = tx.run_items.held(list(self._runs))

    def ask(self, run_item_id: str, credits_required: int) -> Refusal | None:
        """What the run refuses the item for; None where it may spend them."""
        item = self._items[run_item_id]
        if item.credits_held >= credits_required:
            # A worker before this one was let in, and may have reserved them already.
            return None
        run, beside = self._runs[item.run_id], self._held.get(item.run_id, 0) - item.credits_held
        try:
            run.admit(credits_required, held=beside)
        except Refusal as refusal:
            return refusal
        self._held[run.id] = beside + credits_required
        self._items[item.id] = replace(item, credits_held=credits_required)
        self.admitted.append(self._items[item.id])
        if run.progress(item.stage).credits_awaited:
            self._tx.runs.await_credits(run.id, item.stage, credits_required if run.max_credits else 0)
        return None

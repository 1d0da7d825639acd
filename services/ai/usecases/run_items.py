"""What a worker writes about an item of a run: begun, admitted, ended, put back, handed out again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.refusal import NotFound
from services.ai.domain.events import ExecuteRunItem, RunMove, TaskStarted
from services.ai.domain.run import PauseReason, Run, RunStatus
from services.ai.domain.run_item import RunItem
from services.ai.domain.stages import Output, next_stage
from services.ai.domain.task import AiTask
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.runs import advance, pause, plan_outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An item a worker may work on now, and the run it belongs to."""

    run: Run
    item: RunItem
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """How an item ended. `error` is empty when it succeeded; `outputs` flow to the next stage either way."""

    flow: Sequence[Output] = ()
    outputs: int = 0
    credits_used: int = 0
    outcome: str = ""
    error: str = ""


def begin_item(tx: AiTransaction, *, run_item_id: str, owner: str, now: datetime) -> Begun | None:
    """Takes an item for a worker. None when there is nothing to do about its job (any more, or just now)."""
    try:
        run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    except NotFound:
        return None
    item = tx.run_items.get(run_item_id)
    if item.ended or not item.dispatched:
        return None
    lease = tx.leases.claim(item.id, owner=owner)
    if lease is None:
        return None
    if run.status is not RunStatus.RUNNING and item.ai_task_id is None:
        # Nothing of it was begun, so a run that is pausing or cancelling does not wait for it.
        _put_back(tx, run, item, now=now)
        tx.leases.give_up(lease)
        return None
    if item.poisonous:
        tx.leases.give_up(lease)
        _end(tx, run, item, _poisoned(item), now=now)
        return None
    item = item.begin(now=now)
    tx.run_items.save(item)
    return Begun(run=run, item=item, lease=lease)


def attach_task(tx: AiTransaction, *, lease: Lease, item: RunItem, task: AiTask) -> RunItem:
    """Writes the task log of an item's execution down and binds the two."""
    tx.leases.hold(lease)
    tx.tasks.add(task)
    tx.record(TaskStarted(task=task), account_id=task.account_id)
    item = replace(item, ai_task_id=task.id)
    tx.run_items.save(item)
    return item


def admit_item(tx: AiTransaction, *, lease: Lease, item: RunItem, credits_required: int) -> None:
    """Sets the credits an item may spend aside in its run's own limit. Raises RunBudgetExceeded."""
    run = tx.runs.lock(item.run_id)
    tx.leases.hold(lease)
    run.admit(credits_required, held=tx.run_items.held(run.id, beside=item.id))
    tx.run_items.save(replace(tx.run_items.get(item.id), credits_held=credits_required))


def end_item(tx: AiTransaction, *, lease: Lease, run_item_id: str, result: ItemResult, now: datetime) -> None:
    """The item is over: its outputs become items of the next stage, in the same transaction."""
    item = tx.run_items.get(run_item_id)
    run = tx.runs.lock(item.run_id)
    tx.leases.hold(lease)
    _end(tx, run, tx.run_items.get(run_item_id), result, now=now)
    tx.leases.give_up(lease)


def hold_up(
    tx: AiTransaction,
    *,
    lease: Lease,
    run_item_id: str,
    reason: PauseReason,
    now: datetime,
) -> None:
    """Puts the item back and pauses its run: the balance or the run's limit does not cover it."""
    item = tx.run_items.get(run_item_id)
    run = tx.runs.lock(item.run_id)
    tx.leases.hold(lease)
    before = run
    run = _return(tx, run, tx.run_items.get(run_item_id), now=now)
    if run.status is RunStatus.RUNNING:
        pause(tx, run, reason, now=now, before=before)
    else:
        advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now)
    tx.leases.give_up(lease)


def forgive_attempt(tx: AiTransaction, *, lease: Lease, run_item_id: str, now: datetime) -> None:
    """Another service could not be reached: the attempt does not count, and the job comes back."""
    tx.leases.hold(lease)
    item = tx.run_items.get(run_item_id)
    tx.run_items.save(replace(item, attempts=max(0, item.attempts - 1), updated_at=now))
    tx.leases.give_up(lease)


def hand_out_forgotten_items(tx: AiTransaction, *, before: datetime, now: datetime) -> int:
    """Hands items out again whose worker or job was lost. Returns how many."""
    forgotten = tx.run_items.forgotten(before=before, limit=200)
    if forgotten:
        tx.run_items.mark_dispatched(forgotten, now=now)
    for item in forgotten:
        tx.enqueue(
            ExecuteRunItem(run_item_id=item.id, account_id=item.account_id), account_id=item.account_id
        )
    return len(forgotten)


def _end(tx: AiTransaction, run: Run, item: RunItem, result: ItemResult, *, now: datetime) -> None:
    if item.ended:
        return
    before = run
    if result.error:
        ended = item.failed(result.error, credits_used=result.credits_used, now=now)
    else:
        ended = item.done(credits_used=result.credits_used, outcome=result.outcome, now=now)
    tx.run_items.save(ended)
    progress = run.progress(item.stage)
    run = run.with_progress(
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
        run = plan_outputs(tx, run, following, result.flow, now=now)
    advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now)


def _put_back(tx: AiTransaction, run: Run, item: RunItem, *, now: datetime) -> None:
    returned = _return(tx, run, item, now=now)
    advance(tx, returned, before=run, move=RunMove.PROGRESSED, now=now)


def _return(tx: AiTransaction, run: Run, item: RunItem, *, now: datetime) -> Run:
    """The item waits again; in a run that is being cancelled it is dropped instead."""
    progress = run.progress(item.stage)
    cancelling = run.status is RunStatus.CANCELLING
    tx.run_items.save(item.skipped(now=now) if cancelling else item.put_back(now=now))
    progress = replace(
        progress,
        in_flight=progress.in_flight - 1,
        skipped=progress.skipped + cancelling,
    )
    return run.with_progress(progress, now=now)


def _poisoned(item: RunItem) -> ItemResult:
    return ItemResult(
        error=f"It was begun {item.attempts} times and never ended. Retry it alone, and contact support if it "
        "happens again."
    )

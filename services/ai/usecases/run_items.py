"""What a worker writes about an item of a run: begun, admitted, ended, put back, handed out again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.refusal import NotFound
from services.ai.domain.events import ExecuteRunItem, RunMove, TaskStarted
from services.ai.domain.run import CreditsTied, PauseReason, Run, RunStatus
from services.ai.domain.run_item import ItemResult, RunItem
from services.ai.domain.stages import next_stage
from services.ai.domain.task import AiTask
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.planning import plan_outputs
from services.ai.usecases.runs import advance, end_waiting_tasks, pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An item a worker may work on now, and the run it belongs to."""

    run: Run
    item: RunItem
    lease: Lease


TaskOf = Callable[[Run, RunItem], AiTask | None]
"""The task log of an item's execution, to be written down; None for a stage that needs no model."""


def begin_item(
    tx: AiTransaction, *, run_item_id: str, owner: str, task_of: TaskOf, now: datetime
) -> Begun | None:
    """Takes an item for a worker, and writes its task log down when it is begun for the first time.

    None when there is nothing to do about its job (any more, or just now). What was begun is ended, also while its
    run is pausing or cancelling. A poisonous item is given as well: it is to be failed, not worked on.
    """
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
    item = item.begin(now=now)
    task = task_of(run, item) if item.ai_task_id is None else None
    if task is not None:
        tx.tasks.add(task)
        tx.record(TaskStarted(task=task), account_id=task.account_id)
        item = replace(item, ai_task_id=task.id)
    tx.run_items.save(item)
    seen = advance(tx, run, before=run, move=RunMove.PROGRESSED, now=now)
    return Begun(run=seen.run, item=item, lease=lease)


def admit_item(tx: AiTransaction, *, lease: Lease, run_item_id: str, credits_required: int) -> None:
    """Sets the credits an item may spend aside in its run's own limit. Raises CreditsTied and RunBudgetExceeded."""
    run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    tx.leases.hold(lease)
    item = tx.run_items.get(run_item_id)
    if item.credits_held >= credits_required:
        # A worker before this one was let in, and may have reserved them already.
        return
    held, _ = tx.run_items.holding(run.id, beside=run_item_id)
    run.admit(credits_required, held=held)
    item = replace(item, credits_held=credits_required)
    tx.run_items.save(item)
    if run.progress(item.stage).credits_awaited:
        tx.runs.await_credits(run.id, item.stage, credits_required if run.max_credits else 0)


def check_credits_tied(tx: AiTransaction, *, run_item_id: str, credits_required: int) -> None:
    """Raises CreditsTied when other items of the run hold credits at billing, which refused this one for want of them."""
    held, _ = tx.run_items.holding(tx.run_items.get(run_item_id).run_id, beside=run_item_id)
    if held:
        raise CreditsTied(required=credits_required)


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
    """Puts the item back and pauses its run: the balance, the run's limit or a provider's key does not allow it.

    A run that is being paused or cancelled anyway goes on doing that.
    """
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


def put_off(tx: AiTransaction, *, lease: Lease, run_item_id: str, required: int, now: datetime) -> None:
    """The item waits until items in flight have ended, which hold the credits it needs."""
    run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    tx.leases.hold(lease)
    item, before = tx.run_items.get(run_item_id), run
    if run.status is RunStatus.CANCELLING:
        end_waiting_tasks(tx, [item.ai_task_id] if item.ai_task_id else [], now=now)
        run = _return(tx, run, item, now=now)
    else:
        tx.run_items.save(item.put_off(now=now))
        progress = run.progress(item.stage)
        progress = replace(progress, in_flight=progress.in_flight - 1, credits_awaited=required)
        run = run.with_progress(progress, now=now)
    advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now)
    tx.leases.give_up(lease)


def forgive_attempt(tx: AiTransaction, *, lease: Lease, run_item_id: str, now: datetime) -> None:
    """Something else than the item ended the attempt: it does not count, and the job comes back."""
    run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    tx.leases.hold(lease)
    tx.run_items.save(tx.run_items.get(run_item_id).forgiven(now=now))
    advance(tx, run, before=run, move=RunMove.PROGRESSED, now=now)
    tx.leases.give_up(lease)


def leave_item(tx: AiTransaction, *, lease: Lease, run_item_id: str, now: datetime) -> None:
    """The attempt failed by a fault of ours: it counts, and the job comes back."""
    run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    tx.leases.hold(lease)
    tx.run_items.save(replace(tx.run_items.get(run_item_id), updated_at=now))
    advance(tx, run, before=run, move=RunMove.PROGRESSED, now=now)
    tx.leases.give_up(lease)


def hand_out_forgotten_items(
    tx: AiTransaction, *, queued_before: datetime, running_before: datetime, now: datetime
) -> int:
    """Hands items out again whose worker or job was lost. Returns how many."""
    forgotten = tx.run_items.forgotten(queued_before=queued_before, running_before=running_before, limit=200)
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
    tx.run_items.save(item.failed(result, now=now) if result.error else item.done(result, now=now))
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
    advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now, freed=item.credits_held > 0)


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

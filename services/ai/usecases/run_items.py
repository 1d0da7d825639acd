"""What is written about an item of a run that does not end as it should: held up, put off, left, handed out again."""

from dataclasses import replace
from datetime import datetime

from services.ai.domain.events import ExecuteRunItem, RunMove
from services.ai.domain.run import CreditsTied, HeldUp, Run, RunStatus
from services.ai.domain.run_item import RunItem
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.runs import advance, end_waiting_tasks, pause


def check_credits_tied(tx: AiTransaction, *, run_item_id: str, credits_required: int) -> None:
    """Raises CreditsTied when other items of the run hold credits at billing, which refused this one for want of them."""
    held, _ = tx.run_items.holding(tx.run_items.get(run_item_id).run_id, beside=run_item_id)
    if held:
        raise CreditsTied(required=credits_required)


def hold_up(
    tx: AiTransaction,
    *,
    lease: Lease,
    run_item_id: str,
    held_up: HeldUp,
    now: datetime,
) -> None:
    """Puts the item back and pauses its run: the balance, a limit, a provider's key or a suspension does not allow it.

    An execution of the item that has not ended waits with it: an answer may be there that is only to be charged. A run that is being paused or cancelled anyway goes on doing that.
    """
    item = tx.run_items.get(run_item_id)
    run = tx.runs.lock(item.run_id)
    tx.leases.hold(lease)
    before = run
    run = _return(tx, run, tx.run_items.get(run_item_id), now=now)
    if run.status is RunStatus.RUNNING:
        pause(tx, run, held_up, now=now, before=before)
    else:
        advance(tx, run, before=before, move=RunMove.PROGRESSED, now=now)
    tx.leases.give_up(lease)


def put_off(tx: AiTransaction, *, lease: Lease, run_item_id: str, required: int, now: datetime) -> None:
    """The item waits until items in flight have ended, which hold the credits it needs."""
    run = tx.runs.lock(tx.run_items.get(run_item_id).run_id)
    tx.leases.hold(lease)
    item, before = tx.run_items.get(run_item_id), run
    if run.status is RunStatus.CANCELLING:
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
    tx.run_items.mark_dispatched([item.id for item in forgotten], now=now, writes=tx.writes)
    for item in forgotten:
        tx.enqueue(
            ExecuteRunItem(run_item_id=item.id, account_id=item.account_id), account_id=item.account_id
        )
    return len(forgotten)


def _return(tx: AiTransaction, run: Run, item: RunItem, *, now: datetime) -> Run:
    """The item waits again, with its execution unless that has ended; in a run that is being cancelled both are dropped."""
    progress = run.progress(item.stage)
    cancelling = run.status is RunStatus.CANCELLING
    if cancelling:
        end_waiting_tasks(tx, [item.ai_task_id] if item.ai_task_id else [], now=now)
        tx.run_items.save(item.skipped(now=now))
    else:
        open_task = item.ai_task_id is not None and not tx.tasks.lock(item.ai_task_id).ended
        tx.run_items.save(item.put_off(now=now) if open_task else item.put_back(now=now))
    progress = replace(
        progress,
        in_flight=progress.in_flight - 1,
        skipped=progress.skipped + cancelling,
    )
    return run.with_progress(progress, now=now)

"""Handing executions by hand to workers: few jobs ahead, each for a turn, and again when one was lost."""

from dataclasses import replace
from datetime import datetime

from services.ai.domain.events import ExecuteTask
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.planning import AHEAD_MAX


def hand_out_task(tx: AiTransaction, *, lease: Lease, task: AiTask, now: datetime) -> None:
    """Gives the execution up to whichever worker is free, when it is its turn, unless it has ended."""
    tx.leases.give_up(lease)
    if not task.ended:
        _hand_out(tx, task.account_id, now=now)


def take_task(tx: AiTransaction, *, task_id: str, owner: str, now: datetime) -> tuple[AiTask, Lease] | None:
    """Takes an execution for a worker, counts the attempt, and makes room for the account's next one.

    None when it has ended or somebody is at it.
    """
    lease = tx.leases.claim(task_id, owner=owner)
    if lease is None:
        return None
    task = tx.tasks.lock(task_id)
    if not task.ended:
        task = replace(task, attempts=task.attempts + 1, updated_at=now)
        tx.tasks.save(task)
    else:
        tx.leases.give_up(lease)
    _hand_out(tx, task.account_id, now=now)
    return None if task.ended else (task, lease)


def hand_back(tx: AiTransaction, *, lease: Lease, task_id: str, now: datetime) -> None:
    """The execution has had its turn: what is left of it waits behind what others have in the queue."""
    tx.leases.hold(lease)
    task = tx.tasks.lock(task_id)
    tx.tasks.save(replace(task, attempts=max(0, task.attempts - 1), updated_at=now))
    tx.leases.give_up(lease)
    _enqueue(tx, task.id, task.account_id, now=now)


def hand_out_forgotten_tasks(
    tx: AiTransaction, *, queued_before: datetime, begun_before: datetime, now: datetime
) -> int:
    """Hands executions out again whose worker or job was lost. Returns how many."""
    forgotten = tx.tasks.forgotten(queued_before=queued_before, begun_before=begun_before, limit=100)
    waiting: set[str] = set()
    handed_out = 0
    for task, was_out in forgotten:
        assert task.status is TaskStatus.PENDING
        if was_out or task.attempts:
            _enqueue(tx, task.id, task.account_id, now=now)
            handed_out += 1
        else:
            tx.tasks.touch(task.id, now=now)
            waiting.add(task.account_id)
    return handed_out + sum(_hand_out(tx, account_id, now=now) for account_id in sorted(waiting))


def _hand_out(tx: AiTransaction, account_id: str, *, now: datetime) -> int:
    """Hands out what waits by hand while few jobs of the account wait in the queue; one job by hand always may."""
    waiting = tx.by_hand.lock(account_id)
    room = AHEAD_MAX - waiting.of_runs - waiting.by_hand
    most = max(room, 0 if waiting.by_hand else 1)
    if most <= 0:
        return 0
    ids = tx.by_hand.hand_out(account_id, most=most, now=now)
    for id in ids:
        tx.enqueue(ExecuteTask(task_id=id, account_id=account_id), account_id=account_id)
    return len(ids)


def _enqueue(tx: AiTransaction, task_id: str, account_id: str, *, now: datetime) -> None:
    tx.by_hand.note_job(task_id, now=now)
    tx.enqueue(ExecuteTask(task_id=task_id, account_id=account_id), account_id=account_id)

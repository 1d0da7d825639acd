"""The steps of an execution that are written down; every one of them is fenced by the worker's lease."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chassis import idempotency
from chassis.paging import Page, PageRequest
from chassis.refusal import Refusal
from services.ai.domain.events import TaskEnded, TaskProgressed, TaskStarted
from services.ai.domain.task import AiTask, FailedItem, TaskStatus
from services.ai.domain.task_item import EndedItem, ItemStatus, TaskItem
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction


def start_task(tx: AiTransaction, *, task: AiTask, owner: str) -> Lease:
    """Writes the task log down and takes the lease on it, so that nobody else begins it meanwhile."""
    tx.tasks.add(task)
    tx.record(TaskStarted(task=task), account_id=task.account_id)
    lease = tx.leases.claim(task.id, owner=owner)
    assert lease is not None, "a new task has no other worker"
    return lease


def get_task(tx: AiTransaction, *, task_id: str, account_id: str | None = None) -> AiTask:
    return tx.tasks.get(task_id, account_id=account_id)


def cancel_task(tx: AiTransaction, *, task_id: str, account_id: str, now: datetime) -> AiTask:
    """Asks the execution to stop between items. Raises NotFound, also for another account's, and StateConflict."""
    task = tx.tasks.lock(task_id, account_id=account_id)
    asked = task.cancel(now=now)
    return task if asked is task else _progress(tx, asked)


def list_tasks(
    tx: AiTransaction,
    *,
    page: PageRequest,
    account_id: str,
    site_id: str,
    run_id: str,
    function_name: str,
    status: TaskStatus | None,
) -> Page[AiTask]:
    return tx.tasks.page(
        page,
        account_id=account_id,
        site_id=site_id,
        run_id=run_id,
        function_name=function_name,
        status=status,
    )


def read_execution(tx: AiTransaction, *, task_id: str) -> tuple[AiTask, list[TaskItem]]:
    """The task log with its items."""
    return tx.tasks.get(task_id), tx.task_items.of(task_id)


def refuse_task(tx: AiTransaction, *, lease: Lease, task_id: str, refusal: Refusal, now: datetime) -> AiTask:
    """Ends the execution before any of its items has ended."""
    tx.leases.hold(lease)
    task = tx.tasks.lock(task_id)
    if task.ended:
        return task
    return _end(tx, task.refuse(refusal, now=now))


def fail_item(
    tx: AiTransaction,
    *,
    lease: Lease,
    task_id: str,
    position: int,
    refusal: Refusal,
    now: datetime,
) -> AiTask:
    """The item failed for good; it costs nothing."""
    tx.leases.hold(lease)
    task = tx.tasks.lock(task_id)
    item = tx.task_items.get(task_id, position)
    if not item.open:
        return task
    tx.task_items.save(item.failed(reason=refusal.reason, error=refusal.message))
    return _progress(tx, task.item_failed(now=now))


def finish_task(tx: AiTransaction, *, lease: Lease, task_id: str, now: datetime) -> AiTask:
    """Ends the execution: every item is done or failed, and the rest of the hold was given back."""
    tx.leases.hold(lease)
    task = tx.tasks.lock(task_id)
    if task.ended:
        return task
    return end_task(tx, task, tx.task_items.ended([task_id])[task_id], now=now)


def end_task(
    tx: AiTransaction, task: AiTask, ended: Sequence[EndedItem], *, now: datetime, traceparent: str = ""
) -> AiTask:
    """Ends a locked execution of which these items have ended, and announces it."""
    failed = [
        FailedItem(item_id=item.item_id, label=item.label, reason=item.reason, error=item.error)
        for item in ended
        if item.status is ItemStatus.FAILED
    ]
    return _end(tx, task.finish(failed, now=now), traceparent=traceparent)


def claim(tx: AiTransaction, *, subject_id: str, owner: str) -> Lease | None:
    """Takes the lease on an execution for its beginning. None while somebody is at it."""
    return tx.leases.claim(subject_id, owner=owner)


def put_task_off(tx: AiTransaction, *, lease: Lease, task_id: str, now: datetime) -> None:
    """Something else than the execution ended the attempt: it does not count, and the job comes back."""
    tx.leases.hold(lease)
    task = tx.tasks.lock(task_id)
    tx.tasks.save(replace(task, attempts=max(0, task.attempts - 1), updated_at=now))
    tx.leases.give_up(lease)


def forget_request(tx: AiTransaction, *, lease: Lease, account_id: str, scope: str, request_id: str) -> None:
    """The execution a request asked for was refused, so its id may be used again, as that of any refused request."""
    idempotency.forget(tx.connection, account_id=account_id, scope=scope, request_id=request_id)
    tx.leases.give_up(lease)


def renew(tx: AiTransaction, *, lease: Lease) -> bool:
    return tx.leases.renew(lease)


def give_up(tx: AiTransaction, *, lease: Lease) -> None:
    tx.leases.give_up(lease)


def _progress(tx: AiTransaction, task: AiTask) -> AiTask:
    tx.tasks.save(task)
    tx.record(TaskProgressed(task=task), account_id=task.account_id)
    return task


def _end(tx: AiTransaction, task: AiTask, *, traceparent: str = "") -> AiTask:
    tx.tasks.save_all([task], writes=tx.writes)
    tx.record(TaskEnded(task=task), account_id=task.account_id, traceparent=traceparent)
    return task

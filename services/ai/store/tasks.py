"""Task logs in the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, update

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from chassis.reading import Query, Reading
from chassis.refusal import NotFound
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask, Phase, TaskStatus
from services.ai.store.tables import ai_task, job_lease

_PROGRESS: Final = ("phase", "items_done", "items_failed", "outputs", "credits_used", "cost", "updated_at")

_CHANGING: Final = (
    *_PROGRESS,
    "status",
    "items_total",
    "result",
    "reason",
    "error",
    "attempts",
    "quote_id",
    "credits_quoted",
    "reservation_id",
    "finished_at",
    "cancelling",
)

_columns = [column for column in ai_task.c if column.name not in ("operation_type", "handed_out_at")]

_LOCKED: Final = Reading(
    first="SELECT FROM igny8_ai_task_logs WHERE id = ANY(%(task_ids)s) ORDER BY id FOR UPDATE",
    queries={
        "tasks": Query(
            tuple(_columns), "SELECT {columns} FROM igny8_ai_task_logs WHERE id = ANY(%(task_ids)s)"
        )
    },
    types={"task_ids": "uuid[]"},
)


class Tasks:
    """The task logs of all accounts; what a person asks for is always filtered by the account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, task: AiTask) -> None:
        self._connection.execute(insert(ai_task).values(**to_row(task)))

    def save(self, task: AiTask) -> None:
        self._connection.execute(update(ai_task).where(ai_task.c.id == task.id).values(**to_row(task)))

    def get(self, task_id: str, *, account_id: str | None = None) -> AiTask:
        """Raises NotFound, also for a task of another account."""
        return self._one(task_id, account_id, lock=False)

    def lock(self, task_id: str, *, account_id: str | None = None) -> AiTask:
        """The task, held until the transaction ends. Raises NotFound, also for a task of another account."""
        return self._one(task_id, account_id, lock=True)

    def _one(self, task_id: str, account_id: str | None, *, lock: bool) -> AiTask:
        statement = select(*_columns).where(ai_task.c.id == task_id)
        if account_id is not None:
            statement = statement.where(ai_task.c.account_id == account_id)
        if lock:
            statement = statement.with_for_update()
        row = self._connection.execute(statement).mappings().first()
        if row is None:
            raise NotFound(kind="ai_task", id=task_id)
        return from_row(row)

    def add_all(self, tasks: Sequence[AiTask], *, writes: Writes) -> None:
        writes.insert(ai_task, [to_row(task) for task in tasks])

    def save_all(self, tasks: Sequence[AiTask], *, writes: Writes) -> None:
        """What changes of a task; its payload may be long, and never does."""
        writes.update(ai_task, [to_row(task) for task in tasks], columns=_CHANGING)

    def lock_all(self, task_ids: Iterable[str]) -> dict[str, AiTask]:
        """Several tasks by their ids, held until the transaction ends. Always locked in the order of their ids."""
        found = _LOCKED.read(self._connection, {"task_ids": sorted(set(task_ids))})
        return {row["id"]: from_row(row) for row in found["tasks"]}

    def save_progress(self, tasks: Sequence[AiTask], *, writes: Writes) -> None:
        """What changes while items end; the payload may be long, and stays as it is."""
        writes.update(ai_task, tasks, columns=_PROGRESS)

    def touch(self, task_id: str, *, now: datetime) -> None:
        """Notes that something was done about the task, so that it is not taken for forgotten at once again."""
        self._connection.execute(update(ai_task).where(ai_task.c.id == task_id).values(updated_at=now))

    def page(
        self,
        page: PageRequest,
        *,
        account_id: str,
        site_id: str = "",
        run_id: str = "",
        function_name: str = "",
        status: TaskStatus | None = None,
    ) -> Page[AiTask]:
        """Newest first."""
        statement = select(*_columns).where(ai_task.c.account_id == account_id)
        for column, wanted in (
            (ai_task.c.site_id, site_id),
            (ai_task.c.run_id, run_id),
            (ai_task.c.function_name, function_name),
            (ai_task.c.status, status),
        ):
            if wanted:
                statement = statement.where(column == wanted)
        newest_first = [ai_task.c.created_at.desc(), ai_task.c.id.desc()]
        return read_page(
            self._connection, statement, page, by=newest_first, to=lambda row: from_row(row._mapping)
        )

    def forgotten(
        self, *, queued_before: datetime, begun_before: datetime, limit: int
    ) -> list[tuple[AiTask, bool]]:
        """Executions by hand that nobody is at and nothing has moved for so long: not begun yet, or begun and left.

        Each with whether a job for it was handed out.
        """
        left = and_(ai_task.c.attempts > 0, ai_task.c.updated_at < begun_before)
        statement = (
            select(*_columns, ai_task.c.handed_out_at.is_not(None).label("was_out"))
            .where(
                ai_task.c.status == TaskStatus.PENDING,
                ai_task.c.run_id.is_(None),
                or_(left, ai_task.c.updated_at < queued_before),
                ~select(job_lease)
                .where(job_lease.c.subject_id == ai_task.c.id, job_lease.c.until > func.clock_timestamp())
                .exists(),
            )
            .order_by(ai_task.c.updated_at)
            .limit(limit)
            .with_for_update(skip_locked=True, of=ai_task)
        )
        found = [dict(row) for row in self._connection.execute(statement).mappings()]
        return [(from_row(row), was_out) for row in found for was_out in [bool(row.pop("was_out"))]]


def to_row(task: AiTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "account_id": task.account_id,
        "site_id": task.site_id,
        "run_id": task.run_id,
        "function_name": task.function_name.value,
        "operation_type": task.function_name.operation_type,
        "model_name": task.model_name,
        "prompt_version": task.prompt_version,
        "status": task.status.value,
        "phase": task.phase.value,
        "items_total": task.items_total,
        "items_done": task.items_done,
        "items_failed": task.items_failed,
        "outputs": task.outputs,
        "credits_used": task.credits_used,
        "cost": task.cost,
        "payload": task.payload,
        "result": task.result,
        "reason": task.reason,
        "error": task.error,
        "attempts": task.attempts,
        "quote_id": task.quote_id,
        "credits_quoted": task.credits_quoted,
        "reservation_id": task.reservation_id,
        "actor": task.actor,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "finished_at": task.finished_at,
        "cancelling": task.cancelling,
    }


def from_row(row: RowMapping | dict[str, Any]) -> AiTask:
    values = dict(row)
    values["function_name"] = FunctionName(values["function_name"])
    values["status"] = TaskStatus(values["status"])
    values["phase"] = Phase(values["phase"])
    return AiTask(**values)

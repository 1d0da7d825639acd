"""The items of runs in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from chassis.prepared import prepared
from chassis.refusal import NotFound
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.store.tables import ai_task, job_lease, run_input, run_item

_CHANGING: Final = (
    "status",
    "dispatched",
    "attempts",
    "ai_task_id",
    "credits_held",
    "credits_used",
    "cost",
    "input_tokens",
    "output_tokens",
    "outputs",
    "output_ids",
    "outcome",
    "error",
    "updated_at",
)

_HELD: Final = (
    "SELECT run_id, sum(credits_held) FROM run_item WHERE run_id = ANY(%(run_ids)s) AND credits_held > 0"
    " GROUP BY run_id"
)


class RunItems:
    """The items of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, items: Sequence[RunItem], *, writes: Writes) -> None:
        writes.insert(run_item, [to_row(item) for item in items])
        writes.insert(
            run_input,
            [
                {"run_id": item.run_id, "stage": int(item.stage), "input_id": input_id}
                for item in items
                for input_id in item.input_ids
            ],
        )

    def taken(self, run_id: str, stage: Stage, input_ids: Sequence[str]) -> set[str]:
        """Those of the inputs that items of this stage of the run were made for."""
        statement = select(run_input.c.input_id).where(
            run_input.c.run_id == run_id,
            run_input.c.stage == int(stage),
            run_input.c.input_id == any_(bindparam("input_ids", list(input_ids), ARRAY(Uuid(as_uuid=False)))),
        )
        return set(self._connection.execute(statement).scalars())

    def take(self, run_id: str, stage: Stage, input_ids: Sequence[str]) -> None:
        """Notes that an item of this stage of the run works on these inputs."""
        if input_ids:
            self._connection.execute(
                insert(run_input),
                [{"run_id": run_id, "stage": int(stage), "input_id": input_id} for input_id in input_ids],
            )

    def failed(self, run_id: str) -> list[RunItem]:
        """Every item of the run that failed, or of whose last execution a part did, by stage and ordinal."""
        failed_in_part = select(ai_task.c.id).where(ai_task.c.run_id == run_id, ai_task.c.items_failed > 0)
        return self._all(
            select(run_item)
            .where(
                run_item.c.run_id == run_id,
                or_(
                    run_item.c.status == RunItemStatus.FAILED,
                    and_(run_item.c.status == RunItemStatus.DONE, run_item.c.ai_task_id.in_(failed_in_part)),
                ),
            )
            .order_by(run_item.c.stage, run_item.c.ordinal)
        )

    def save(self, item: RunItem) -> None:
        self._connection.execute(update(run_item).where(run_item.c.id == item.id).values(**to_row(item)))

    def save_all(self, items: Sequence[RunItem], *, writes: Writes) -> None:
        """What changes while items are worked on."""
        writes.update(run_item, [to_row(item) for item in items], columns=_CHANGING)

    def get(self, item_id: str) -> RunItem:
        """Raises NotFound."""
        row = self._connection.execute(select(run_item).where(run_item.c.id == item_id)).mappings().first()
        if row is None:
            raise NotFound(kind="run_item", id=item_id)
        return from_row(row)

    def mark_dispatched(self, item_ids: Sequence[str], *, now: datetime, writes: Writes) -> None:
        """A job is handed out for each of them."""
        handed_out = {"dispatched": True, "handed_out_at": now}
        writes.update(run_item, [{"id": id, **handed_out} for id in item_ids], columns=tuple(handed_out))

    def take_back(self, run_id: str, *, now: datetime) -> dict[Stage, int]:
        """Takes back the jobs of queued items; gives for each stage how many. Their messages find nothing to do."""
        taken = (
            update(run_item)
            .where(
                run_item.c.run_id == run_id,
                run_item.c.status == RunItemStatus.QUEUED,
                run_item.c.dispatched,
            )
            .values(dispatched=False, updated_at=now)
            .returning(run_item.c.stage)
            .cte("taken")
        )
        statement = select(taken.c.stage, func.count()).group_by(taken.c.stage)
        return {Stage(stage): count for stage, count in self._connection.execute(statement)}

    def holding(self, run_id: str, *, beside: str | None = None) -> tuple[int, int]:
        """Credits that the run's items in flight may still spend, and how many such items there are."""
        held = func.coalesce(func.sum(run_item.c.credits_held), 0)
        statement = select(held, func.count()).where(
            run_item.c.run_id == run_id, run_item.c.credits_held > 0, run_item.c.id != beside
        )
        credits, items = self._connection.execute(statement).one()
        return int(credits), items

    def held(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Credits that items in flight may still spend, by run; runs of which none may are left out."""
        parameters = {"run_ids": list(run_ids)}
        found = self._connection.exec_driver_sql(
            prepared(self._connection, _HELD, {"run_ids": "uuid[]"}), parameters
        )
        return {str(run_id): int(credits) for run_id, credits in found}

    def tasks_of_waiting(self, run_id: str) -> list[str]:
        """The task logs of items that wait although they were begun before."""
        statement = select(run_item.c.ai_task_id).where(*_queued(run_id), run_item.c.ai_task_id.is_not(None))
        return [task_id for task_id in self._connection.execute(statement).scalars() if task_id]

    def first_error(self, run_id: str) -> str:
        """Why the first item that failed did."""
        query = (
            select(run_item.c.error)
            .where(run_item.c.run_id == run_id, run_item.c.status == RunItemStatus.FAILED.value)
            .order_by(run_item.c.stage, run_item.c.ordinal)
            .limit(1)
        )
        found: str = self._connection.execute(query).scalar_one()
        return found

    def page(
        self, page: PageRequest, *, run_id: str, stage: int = 0, status: RunItemStatus | None = None
    ) -> Page[RunItem]:
        """A run's items, by stage and ordinal."""
        statement = select(run_item).where(run_item.c.run_id == run_id)
        if stage:
            statement = statement.where(run_item.c.stage == stage)
        if status is not None:
            statement = statement.where(run_item.c.status == status)
        order = [run_item.c.stage, run_item.c.ordinal]
        return read_page(self._connection, statement, page, by=order, to=lambda row: from_row(row._mapping))

    def skip_waiting(self, run_id: str, *, now: datetime) -> dict[Stage, tuple[int, int]]:
        """Drops every queued item; gives for each stage how many, and how many of them were dispatched."""
        dropped = (
            update(run_item)
            .where(run_item.c.run_id == run_id, run_item.c.status == RunItemStatus.QUEUED)
            .values(status=RunItemStatus.SKIPPED, updated_at=now)
            .returning(run_item.c.stage, run_item.c.dispatched)
            .cte("dropped")
        )
        statement = select(dropped.c.stage, func.count(), func.count().filter(dropped.c.dispatched)).group_by(
            dropped.c.stage
        )
        return {Stage(stage): (count, sent) for stage, count, sent in self._connection.execute(statement)}

    def forgotten(self, *, queued_before: datetime, running_before: datetime, limit: int) -> list[RunItem]:
        """Items that nobody is at and whose job was handed out so long ago: not begun yet, or begun and left."""
        return self._all(
            select(run_item)
            .where(
                or_(
                    and_(
                        run_item.c.status == RunItemStatus.QUEUED,
                        run_item.c.dispatched,
                        run_item.c.handed_out_at < queued_before,
                    ),
                    and_(
                        run_item.c.status == RunItemStatus.RUNNING,
                        run_item.c.handed_out_at < running_before,
                        run_item.c.updated_at < running_before,
                    ),
                ),
                ~select(job_lease)
                .where(job_lease.c.subject_id == run_item.c.id, job_lease.c.until > func.clock_timestamp())
                .exists(),
            )
            .order_by(run_item.c.handed_out_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def _all(self, statement: Select[Any]) -> list[RunItem]:
        return [from_row(row) for row in self._connection.execute(statement).mappings()]


def _queued(run_id: str) -> tuple[ColumnElement[bool], ...]:
    return (run_item.c.run_id == run_id, run_item.c.status == RunItemStatus.QUEUED)


def to_row(item: RunItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "run_id": item.run_id,
        "account_id": item.account_id,
        "stage": int(item.stage),
        "ordinal": item.ordinal,
        "label": item.label,
        "input_ids": list(item.input_ids),
        "status": item.status.value,
        "dispatched": item.dispatched,
        "handed_out_at": item.handed_out_at,
        "attempts": item.attempts,
        "ai_task_id": item.ai_task_id,
        "credits_held": item.credits_held,
        "credits_used": item.credits_used,
        "cost": item.cost,
        "input_tokens": item.input_tokens,
        "output_tokens": item.output_tokens,
        "outputs": item.outputs,
        "output_ids": list(item.output_ids),
        "retries": item.retries,
        "outcome": item.outcome,
        "error": item.error,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


def from_row(row: RowMapping | dict[str, Any]) -> RunItem:
    values = dict(row)
    values["stage"] = Stage(values["stage"])
    values["status"] = RunItemStatus(values["status"])
    values["input_ids"] = tuple(values["input_ids"])
    values["output_ids"] = tuple(values["output_ids"])
    return RunItem(**values)

"""The items of runs in the database."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

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

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.ai.domain.run_item import RunItem, RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.store.tables import job_lease, run_input, run_item


class RunItems:
    """The items of runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, items: Sequence[RunItem]) -> None:
        if not items:
            return
        self._connection.execute(insert(run_item), [to_row(item) for item in items])
        self._connection.execute(
            insert(run_input),
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
        """Every item of the run that failed, by stage and ordinal."""
        return self._all(
            select(run_item)
            .where(run_item.c.run_id == run_id, run_item.c.status == RunItemStatus.FAILED)
            .order_by(run_item.c.stage, run_item.c.ordinal)
        )

    def save(self, item: RunItem) -> None:
        self._connection.execute(update(run_item).where(run_item.c.id == item.id).values(**to_row(item)))

    def get(self, item_id: str) -> RunItem:
        """Raises NotFound."""
        row = self._connection.execute(select(run_item).where(run_item.c.id == item_id)).mappings().first()
        if row is None:
            raise NotFound(kind="run_item", id=item_id)
        return from_row(row)

    def waiting(self, run_id: str, stage: Stage, *, limit: int) -> list[RunItem]:
        """Items of a stage that no job was handed out for, in their order."""
        return self._all(
            select(run_item)
            .where(*_queued(run_id), run_item.c.dispatched.is_(False), run_item.c.stage == int(stage))
            .order_by(run_item.c.ordinal)
            .limit(max(0, limit))
        )

    def ahead(self, run_id: str) -> int:
        """How many jobs of the run were handed out that no worker has begun."""
        statement = (
            select(func.count())
            .select_from(run_item)
            .where(*_queued(run_id), run_item.c.dispatched.is_(True))
        )
        return self._connection.execute(statement).scalar_one()

    def mark_dispatched(self, items: Sequence[RunItem], *, now: datetime) -> None:
        self._connection.execute(
            update(run_item)
            .where(run_item.c.id.in_([item.id for item in items]))
            .values(dispatched=True, handed_out_at=now)
        )

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

    def tasks_of_waiting(self, run_id: str) -> list[str]:
        """The task logs of items that wait although they were begun before."""
        statement = select(run_item.c.ai_task_id).where(*_queued(run_id), run_item.c.ai_task_id.is_not(None))
        return [task_id for task_id in self._connection.execute(statement).scalars() if task_id]

    def now(self, run_id: str) -> list[RunItem]:
        return self._all(
            select(run_item)
            .where(run_item.c.run_id == run_id, run_item.c.status == RunItemStatus.RUNNING)
            .order_by(run_item.c.stage, run_item.c.ordinal)
            .limit(50)
        )

    def next(self, run_id: str, *, limit: int = 5) -> list[RunItem]:
        """What comes up: later stages first, because their items are nearer to a published article."""
        return self._all(
            select(run_item)
            .where(*_queued(run_id))
            .order_by(run_item.c.dispatched.desc(), run_item.c.stage.desc(), run_item.c.ordinal)
            .limit(limit)
        )

    def last(self, run_id: str, *, limit: int = 5) -> list[RunItem]:
        ended = (RunItemStatus.DONE, RunItemStatus.FAILED)
        return self._all(
            select(run_item)
            .where(run_item.c.run_id == run_id, run_item.c.status.in_(ended))
            .order_by(run_item.c.updated_at.desc(), run_item.c.id.desc())
            .limit(limit)
        )

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


def from_row(row: RowMapping) -> RunItem:
    values = dict(row)
    values["stage"] = Stage(values["stage"])
    values["status"] = RunItemStatus(values["status"])
    values["input_ids"] = tuple(values["input_ids"])
    values["output_ids"] = tuple(values["output_ids"])
    return RunItem(**values)

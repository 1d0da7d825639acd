"""The items of executions and their journal in the database."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select, update

from chassis.bulk import Writes
from chassis.reading import Query, Reading
from services.ai.domain.task_item import Answer, EndedItem, ItemStatus, TaskItem
from services.ai.store.tables import task_item

_ANSWER: Final = ("status", "drafts", "answer_data", "answer_meta", "repaired")
_ENDING: Final = (*_ANSWER, "output", "credits_used", "cost")

_ENDED: Final = Reading(
    queries={
        "items": Query(
            tuple(
                task_item.c[name]
                for name in ("task_id", "item_id", "label", "status", "output", "reason", "error")
            ),
            "SELECT {columns} FROM task_item WHERE task_id = ANY(%(task_ids)s) AND status IN ('done', 'failed')"
            " ORDER BY task_id, position",
        )
    },
    types={"task_ids": "uuid[]"},
)


class TaskItems:
    """The items of executions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, items: Sequence[TaskItem], *, writes: Writes) -> None:
        writes.insert(task_item, [to_row(item) for item in items])

    def save(self, item: TaskItem) -> None:
        self._connection.execute(
            update(task_item)
            .where(task_item.c.task_id == item.task_id, task_item.c.position == item.position)
            .values(**to_row(item))
        )

    def save_answers(self, items: Sequence[TaskItem], *, writes: Writes) -> None:
        """The journal of items whose provider has answered."""
        writes.update(task_item, [to_row(item) for item in items], columns=_ANSWER)

    def save_endings(self, items: Sequence[TaskItem], *, writes: Writes) -> None:
        """Items that ended."""
        writes.update(task_item, [to_row(item) for item in items], columns=_ENDING)

    def still_open(self, items: Sequence[TaskItem]) -> set[tuple[str, int]]:
        """Those of the items that have not ended, by task and position. Their answers are not read."""
        statement = select(task_item.c.task_id, task_item.c.position).where(
            task_item.c.task_id.in_({item.task_id for item in items}),
            task_item.c.position.in_({item.position for item in items}),
            task_item.c.status.in_((ItemStatus.PENDING, ItemStatus.ANSWERED)),
        )
        return {(task_id, position) for task_id, position in self._connection.execute(statement)}

    def ended(self, task_ids: Collection[str]) -> dict[str, list[EndedItem]]:
        """The items of executions that have ended, in order, by execution. Their answers are not read."""
        ended: dict[str, list[EndedItem]] = {task_id: [] for task_id in task_ids}
        for row in _ENDED.read(self._connection, {"task_ids": sorted(task_ids)})["items"]:
            ended[row.pop("task_id")].append(EndedItem(**{**row, "status": ItemStatus(row["status"])}))
        return ended

    def of(self, task_id: str) -> list[TaskItem]:
        """All items of an execution, in order."""
        statement = select(task_item).where(task_item.c.task_id == task_id).order_by(task_item.c.position)
        return [from_row(row) for row in self._connection.execute(statement).mappings()]

    def get(self, task_id: str, position: int) -> TaskItem:
        statement = select(task_item).where(task_item.c.task_id == task_id, task_item.c.position == position)
        return from_row(self._connection.execute(statement).mappings().one())


def to_row(item: TaskItem) -> dict[str, Any]:
    answer = item.answer
    return {
        "task_id": item.task_id,
        "position": item.position,
        "item_id": item.item_id,
        "label": item.label,
        "input": item.input,
        "status": item.status.value,
        "drafts": list(item.drafts),
        "answer_data": answer.data if answer else None,
        "answer_meta": None
        if answer is None
        else {
            "media_type": answer.media_type,
            "input_tokens": answer.input_tokens,
            "cached_input_tokens": answer.cached_input_tokens,
            "output_tokens": answer.output_tokens,
            "reasoning_tokens": answer.reasoning_tokens,
            "images": answer.images,
            "image_size": answer.image_size,
            "image_quality": answer.image_quality,
            "calls": answer.calls,
            "cost_usd": None if answer.cost_usd is None else str(answer.cost_usd),
            "model_name": answer.model_name,
            "provider_request_id": answer.provider_request_id,
            "own_key": answer.own_key,
        },
        "repaired": item.repaired,
        "output": item.output,
        "credits_used": item.credits_used,
        "cost": item.cost,
        "reason": item.reason,
        "error": item.error,
    }


def from_row(row: RowMapping) -> TaskItem:
    values = dict(row)
    data, meta = values.pop("answer_data"), values.pop("answer_meta")
    answer = None
    if meta is not None:
        cost_usd = meta.pop("cost_usd")
        answer = Answer(data=bytes(data), cost_usd=None if cost_usd is None else Decimal(cost_usd), **meta)
    values["status"] = ItemStatus(values["status"])
    values["drafts"] = tuple(values["drafts"])
    return TaskItem(**values, answer=answer)

"""Tasks: articles to be written."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.task import Task, TaskStatus
from services.publisher.store import tables
from services.publisher.store.rows import from_row, to_row

_task = tables.task


class Tasks:
    """Tasks in the schema `publisher`. Locked before everything else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, tasks: Sequence[Task]) -> None:
        if tasks:
            self._connection.execute(insert(_task), [to_row(task) for task in tasks])

    def get(self, task_id: str, *, account_id: str) -> Task:
        """Raises NotFound, for tasks of other accounts too."""
        return self._one(task_id, account_id, lock=False)

    def lock(self, task_id: str, *, account_id: str) -> Task:
        """As `get`, locked until the transaction ends."""
        return self._one(task_id, account_id, lock=True)

    def of_ideas(self, idea_ids: Sequence[str], *, account_id: str) -> dict[str, Task]:
        """The tasks that were made of these ideas, by the idea's id."""
        query = select(_task).where(_task.c.idea_id.in_(idea_ids), _task.c.account_id == account_id)
        return {row.idea_id: _of(row) for row in self._connection.execute(query)}

    def save(self, task: Task) -> None:
        self._connection.execute(update(_task).where(_task.c.id == task.id).values(to_row(task)))

    def newest(
        self,
        *,
        site_id: str,
        account_id: str,
        status: TaskStatus | None = None,
        ids: Sequence[str] = (),
        page: PageRequest,
    ) -> Page[Task]:
        """The site's tasks, newest first."""
        query = select(_task).where(_task.c.site_id == site_id, _task.c.account_id == account_id)
        if status is not None:
            query = query.where(_task.c.status == status.value)
        if ids:
            query = query.where(_task.c.id.in_(ids))
        return read_page(self._connection, query, page, by=[_task.c.id.desc()], to=_of)

    def _one(self, task_id: str, account_id: str, *, lock: bool) -> Task:
        query = select(_task).where(_task.c.id == task_id, _task.c.account_id == account_id)
        row = self._connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFound(kind="task", id=task_id)
        return _of(row)


def _of(row: Row[Any]) -> Task:
    return from_row(
        Task, row, status=TaskStatus, content_type=ContentType, content_structure=ContentStructure
    )

"""Tasks: articles to be written."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from chassis.paging import Page, PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.listing import Wanted
from services.publisher.domain.task import Task, TaskStatus
from services.publisher.store import tables
from services.publisher.store.listing import Listing, read_list
from services.publisher.store.rows import among, check_all_there, columns_of, from_row, to_row

_task = tables.task
_COLUMNS = columns_of(Task, _task)


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
        query = select(*_COLUMNS).where(_task.c.idea_id.in_(idea_ids), _task.c.account_id == account_id)
        return {row.idea_id: _of(row._asdict()) for row in self._connection.execute(query)}

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Task]:
        """These tasks of the site, locked in the order of their ids. Raises NotFound for an id that is none."""
        query = (
            select(*_COLUMNS)
            .where(among(_task.c.id, ids), _task.c.site_id == site_id, _task.c.account_id == account_id)
            .order_by(_task.c.id)
            .with_for_update()
        )
        found = [_of(row._asdict()) for row in self._connection.execute(query)]
        check_all_there(found, ids, kind="task")
        return found

    def delete_all(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(_task).where(among(_task.c.id, ids)))

    def save(self, task: Task) -> None:
        self._connection.execute(update(_task).where(_task.c.id == task.id).values(to_row(task)))

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Task]:
        """Some of the site's tasks; without another order newest first."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)

    def _one(self, task_id: str, account_id: str, *, lock: bool) -> Task:
        query = select(*_COLUMNS).where(_task.c.id == task_id, _task.c.account_id == account_id)
        row = self._connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise NotFound(kind="task", id=task_id)
        return _of(row._asdict())


def _of(row: Mapping[str, Any]) -> Task:
    return from_row(
        Task, row, status=TaskStatus, content_type=ContentType, content_structure=ContentStructure
    )


LISTING: Final = Listing(
    table=_task,
    columns=[column.name for column in _COLUMNS],
    to=_of,
    sorts={"created_at": "created_at", "title": "title"},
    default_sort="-created_at",
    facets=("status", "sector_id", "content_type", "content_structure"),
    narrow={"cluster_id": ("created_at", "title"), "status": ("created_at",)},
)

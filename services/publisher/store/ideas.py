"""Ideas for articles."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea, IdeaStatus
from services.publisher.store import tables
from services.publisher.store.rows import among, from_row, to_row

_idea = tables.idea


class Ideas:
    """Ideas in the schema `publisher`. Locked in the order of their ids, before clusters, after tasks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, ideas: Sequence[Idea]) -> None:
        if ideas:
            self._connection.execute(insert(_idea), [to_row(idea) for idea in ideas])

    def get(self, idea_id: str, *, account_id: str) -> Idea:
        """Raises NotFound, for ideas of other accounts too."""
        row = self._connection.execute(
            select(_idea).where(_idea.c.id == idea_id, _idea.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="idea", id=idea_id)
        return _of(row)

    def lock_all(self, ids: Sequence[str], *, account_id: str) -> dict[str, Idea]:
        """These ideas of the account by id, locked until the transaction ends. Raises NotFound for an id that is not."""
        query = (
            select(_idea)
            .where(among(_idea.c.id, ids), _idea.c.account_id == account_id)
            .order_by(_idea.c.id)
            .with_for_update()
        )
        found = {row.id: _of(row) for row in self._connection.execute(query)}
        for id in ids:
            if id not in found:
                raise NotFound(kind="idea", id=id)
        return found

    def save(self, idea: Idea) -> None:
        self._connection.execute(update(_idea).where(_idea.c.id == idea.id).values(to_row(idea)))

    def newest(
        self,
        *,
        site_id: str,
        account_id: str,
        status: IdeaStatus | None = None,
        cluster_id: str | None = None,
        ids: Sequence[str] = (),
        page: PageRequest,
    ) -> Page[Idea]:
        """The site's ideas, newest first."""
        query = select(_idea).where(_idea.c.site_id == site_id, _idea.c.account_id == account_id)
        if status is not None:
            query = query.where(_idea.c.status == status.value)
        if cluster_id is not None:
            query = query.where(_idea.c.cluster_id == cluster_id)
        if ids:
            query = query.where(_idea.c.id.in_(ids))
        return read_page(self._connection, query, page, by=[_idea.c.id.desc()], to=_of)


def _of(row: Row[Any]) -> Idea:
    return from_row(
        Idea, row, status=IdeaStatus, content_type=ContentType, content_structure=ContentStructure
    )

"""Ideas for articles."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from chassis.paging import Page, PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea, IdeaStatus
from services.publisher.domain.listing import Wanted
from services.publisher.store import tables
from services.publisher.store.listing import Listing, read_list
from services.publisher.store.rows import among, check_all_there, columns_of, from_row, to_row

_idea = tables.idea
_COLUMNS = columns_of(Idea, _idea)


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
            select(*_COLUMNS).where(_idea.c.id == idea_id, _idea.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="idea", id=idea_id)
        return _of(row._asdict())

    def lock_all(self, ids: Sequence[str], *, account_id: str) -> dict[str, Idea]:
        """These ideas of the account by id, locked until the transaction ends. Raises NotFound for an id that is not."""
        query = (
            select(*_COLUMNS)
            .where(among(_idea.c.id, ids), _idea.c.account_id == account_id)
            .order_by(_idea.c.id)
            .with_for_update()
        )
        found = {row.id: _of(row._asdict()) for row in self._connection.execute(query)}
        for id in ids:
            if id not in found:
                raise NotFound(kind="idea", id=id)
        return found

    def lock_of_site(self, ids: Sequence[str], *, site_id: str, account_id: str) -> list[Idea]:
        """These ideas of the site, locked in the order of their ids. Raises NotFound for an id that is none."""
        query = (
            select(*_COLUMNS)
            .where(among(_idea.c.id, ids), _idea.c.site_id == site_id, _idea.c.account_id == account_id)
            .order_by(_idea.c.id)
            .with_for_update()
        )
        found = [_of(row._asdict()) for row in self._connection.execute(query)]
        check_all_there(found, ids, kind="idea")
        return found

    def delete_all(self, ids: Sequence[str]) -> None:
        self._connection.execute(delete(_idea).where(among(_idea.c.id, ids)))

    def save(self, idea: Idea) -> None:
        self._connection.execute(update(_idea).where(_idea.c.id == idea.id).values(to_row(idea)))

    def listed(self, wanted: Wanted, *, site_id: str, account_id: str, page: PageRequest) -> Page[Idea]:
        """Some of the site's ideas; without another order newest first."""
        return read_list(self._connection, LISTING, wanted, site_id=site_id, account_id=account_id, page=page)


def _of(row: Mapping[str, Any]) -> Idea:
    return from_row(
        Idea, row, status=IdeaStatus, content_type=ContentType, content_structure=ContentStructure
    )


LISTING: Final = Listing(
    table=_idea,
    columns=[column.name for column in _COLUMNS],
    to=_of,
    sorts={"created_at": "created_at", "title": "title"},
    default_sort="-created_at",
    facets=("status", "sector_id", "content_type", "content_structure"),
    narrow={"cluster_id": ("created_at", "title"), "status": ("created_at",)},
)

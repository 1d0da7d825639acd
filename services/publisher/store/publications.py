"""Deliveries of content to targets."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from chassis.paging import Page, PageRequest, read_page
from services.publisher.domain.publication import Publication, PublicationState, Target
from services.publisher.store import tables
from services.publisher.store.rows import from_row, to_row

_publication = tables.publication


class Publications:
    """Publications in the schema `publisher`, one per content and target. Locked last."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, publication: Publication) -> None:
        self._connection.execute(insert(_publication).values(to_row(publication)))

    def lock_of(self, content_id: str, target: Target) -> Publication | None:
        """The delivery of the content to the target, locked until the transaction ends; None when there is none yet."""
        row = self._connection.execute(
            select(_publication)
            .where(_publication.c.content_id == content_id, _publication.c.target == target.value)
            .with_for_update()
        ).one_or_none()
        return None if row is None else _of(row)

    def save(self, publication: Publication) -> None:
        self._connection.execute(
            update(_publication).where(_publication.c.id == publication.id).values(to_row(publication))
        )

    def newest(
        self, *, site_id: str, account_id: str, content_id: str | None = None, page: PageRequest
    ) -> Page[Publication]:
        """The site's deliveries, newest first."""
        query = select(_publication).where(
            _publication.c.site_id == site_id, _publication.c.account_id == account_id
        )
        if content_id is not None:
            query = query.where(_publication.c.content_id == content_id)
        return read_page(self._connection, query, page, by=[_publication.c.id.desc()], to=_of)


def _of(row: Row[Any]) -> Publication:
    return from_row(Publication, row, target=Target, state=PublicationState)

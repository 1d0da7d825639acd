"""Deliveries of content to targets, and who is at one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, text, update

from chassis.paging import Page, PageRequest, read_page
from services.publisher.domain.publication import LEAVABLE, Action, Publication, PublicationState
from services.publisher.domain.target import Target
from services.publisher.store import tables
from services.publisher.store.rows import among, columns_of, from_row, to_row

_publication, _content = tables.publication, tables.content
_COLUMNS = columns_of(Publication, _publication)
_OPEN = (
    PublicationState.PENDING.value,
    PublicationState.DELIVERING.value,
    PublicationState.UNCONFIRMED.value,
)


class Publications:
    """Publications in the schema `publisher`, one per content and target. Locked last.

    A claim keeps others from taking up an open delivery for some seconds of the database's clock.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, publication: Publication, *, claim_seconds: float = 0) -> None:
        row = to_row(publication) | {"claimed_until": _in(claim_seconds)}
        self._connection.execute(insert(_publication).values(row))

    def save(self, publication: Publication, *, claim_seconds: float = 0) -> None:
        """Writes it and how long nobody else is to take it up; 0 ends the claim."""
        row = to_row(publication) | {"claimed_until": _in(claim_seconds)}
        self._connection.execute(update(_publication).where(_publication.c.id == publication.id).values(row))

    def lock_of(self, content_id: str, target: Target) -> Publication | None:
        """The delivery of the content to the target, locked until the transaction ends; None when there is none yet."""
        row = self._connection.execute(
            select(*_COLUMNS)
            .where(_publication.c.content_id == content_id, _publication.c.target == target.value)
            .with_for_update()
        ).one_or_none()
        return None if row is None else _of(row)

    def lock_shown(self, content_id: str) -> Publication | None:
        """The one publication by which readers see the content, locked until the transaction ends."""
        row = self._connection.execute(
            select(*_COLUMNS)
            .where(_publication.c.content_id == content_id, _publication.c.published_version > 0)
            .with_for_update()
        ).one_or_none()
        return None if row is None else _of(row)

    def lock_open(self, *, without: Sequence[str] = (), limit: int) -> list[Publication]:
        """Deliveries that wait for a publisher or whose claim has ended, locked together with their content.

        But for those of these sites; and those that another process is just looking at are passed over.
        """
        query = (
            select(*_COLUMNS)
            .join(_content, _content.c.id == _publication.c.content_id)
            .where(_is_free(), ~among(_publication.c.site_id, without))
            .order_by(_publication.c.claimed_until.asc().nulls_first(), _publication.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=[_content, _publication])
        )
        return [_of(row) for row in self._connection.execute(query)]

    def any_open(self, *, without: Sequence[str] = ()) -> bool:
        """Whether lock_open would find something."""
        query = select(_publication.c.id).where(_is_free(), ~among(_publication.c.site_id, without)).limit(1)
        return self._connection.execute(query).first() is not None

    def count_at(self, site_id: str, target: Target) -> int:
        """How many contents of the site are at the target, or on their way there."""
        query = select(func.count()).where(
            _publication.c.site_id == site_id,
            _publication.c.target == target.value,
            _publication.c.state.in_((*_OPEN, PublicationState.PUBLISHED.value)),
        )
        return int(self._connection.execute(query).scalar_one())

    def leavable(self, site_id: str, target: Target, *, limit: int) -> list[Publication]:
        """What is or may be at the site's target, and not on its way, in the order of contents' ids: not locked."""
        query = select(*_COLUMNS).where(
            _publication.c.site_id == site_id,
            _publication.c.target == target.value,
            _publication.c.state.in_([state.value for state in LEAVABLE]),
        )
        return [
            _of(row)
            for row in self._connection.execute(query.order_by(_publication.c.content_id).limit(limit))
        ]

    def there(self, site_id: str, target: Target, *, after: str | None, limit: int) -> list[Publication]:
        """What readers see at the site's target, in the order of ids, after that one."""
        query = select(*_COLUMNS).where(
            _publication.c.site_id == site_id,
            _publication.c.target == target.value,
            _publication.c.published_version > 0,
        )
        if after is not None:
            query = query.where(_publication.c.id > after)
        rows = self._connection.execute(query.order_by(_publication.c.id).limit(limit))
        return [_of(row) for row in rows]

    def newest(
        self, *, site_id: str, account_id: str, content_id: str | None = None, page: PageRequest
    ) -> Page[Publication]:
        """The site's deliveries, newest first."""
        query = select(*_COLUMNS).where(
            _publication.c.site_id == site_id, _publication.c.account_id == account_id
        )
        if content_id is not None:
            query = query.where(_publication.c.content_id == content_id)
        return read_page(self._connection, query, page, by=[_publication.c.id.desc()], to=_of)


def _is_free() -> Any:
    return _publication.c.state.in_(_OPEN) & or_(
        _publication.c.claimed_until.is_(None), _publication.c.claimed_until <= func.clock_timestamp()
    )


def _in(seconds: float) -> Any:
    return (
        func.clock_timestamp()
        + text("make_interval(secs => :claim_seconds)").bindparams(claim_seconds=seconds)
        if seconds
        else None
    )


def _of(row: Row[Any]) -> Publication:
    return from_row(Publication, row, target=Target, state=PublicationState, action=Action)

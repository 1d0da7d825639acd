"""What the built-in target shows to everybody."""

from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from chassis.paging import Page, PageRequest, read_page
from services.publisher.domain.content import Content
from services.publisher.domain.image import ImageStatus, ImageType
from services.publisher.domain.target import Target
from services.publisher.domain.teaser import Teaser
from services.publisher.store import tables
from services.publisher.store.content import COLUMNS, content_of

_content, _version, _image = tables.content, tables.content_version, tables.image
_publication = tables.publication
_IS_SHOWN = and_(
    _publication.c.content_id == _content.c.id,
    _publication.c.target == Target.HOSTED.value,
    _publication.c.published_version > 0,
)


class Published:
    """Content that is published at the built-in target, whoever's it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def with_slug(self, site_id: str, slug: str) -> Content | None:
        """The article at this address of the site as it reads by now; readers see its `published_version`."""
        row = self._connection.execute(
            select(*COLUMNS)
            .join(_publication, _IS_SHOWN)
            .where(_content.c.site_id == site_id, _content.c.slug == slug)
        ).one_or_none()
        return None if row is None else content_of(row)

    def newest(self, site_id: str, *, page: PageRequest) -> Page[Teaser]:
        """The site's published articles as they were published, with their featured pictures, newest first."""
        newest_first = [_content.c.published_at.desc(), _content.c.id.desc()]
        return read_page(self._connection, _teasers(site_id), page, by=newest_first, to=_teaser_of)

    def oldest(self, site_id: str, *, offset: int, limit: int) -> list[Teaser]:
        """As `newest`, oldest first and from a number on: what is published meanwhile comes behind the last."""
        query = _teasers(site_id).order_by(_content.c.published_at, _content.c.id).offset(offset).limit(limit)
        return [_teaser_of(row) for row in self._connection.execute(query)]

    def count(self, site_id: str) -> int:
        """How many articles the site has published."""
        query = select(func.count()).where(
            _content.c.site_id == site_id, _content.c.published_at.is_not(None)
        )
        found: int = self._connection.execute(query.join_from(_content, _publication, _IS_SHOWN)).scalar_one()
        return found


def _teasers(site_id: str) -> "Select[Any]":
    return (
        select(
            _content.c.id,
            _version.c.title,
            _content.c.slug,
            _version.c.excerpt,
            _content.c.published_at,
            _version.c.created_at.label("updated_at"),
            _image.c.url,
            _image.c.width,
            _image.c.height,
        )
        .join(_publication, _IS_SHOWN)
        .join(
            _version,
            and_(
                _version.c.content_id == _content.c.id,
                _version.c.version == _publication.c.published_version,
            ),
        )
        .outerjoin(
            _image,
            and_(
                _image.c.content_id == _content.c.id,
                _image.c.image_type == ImageType.FEATURED.value,
                _image.c.position == 0,
                _image.c.status == ImageStatus.GENERATED.value,
            ),
        )
        .where(_content.c.site_id == site_id, _content.c.published_at.is_not(None))
    )


def _teaser_of(row: "Row[Any]") -> Teaser:
    return Teaser(
        title=row.title,
        slug=row.slug,
        excerpt=row.excerpt,
        published_at=row.published_at,
        updated_at=row.updated_at,
        image_url=row.url or "",
        image_width=row.width or 0,
        image_height=row.height or 0,
    )

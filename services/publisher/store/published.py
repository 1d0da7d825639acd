"""What the built-in target shows to everybody."""

from sqlalchemy import ColumnElement, Connection, and_, exists, select

from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.image import ImageStatus, ImageType
from services.publisher.domain.publication import PublicationState
from services.publisher.domain.target import Target
from services.publisher.domain.teaser import Teaser
from services.publisher.store import tables
from services.publisher.store.content import COLUMNS, content_of

_content, _image, _publication = tables.content, tables.image, tables.publication


class Published:
    """Content that is published at the built-in target, whoever's it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def with_slug(self, site_id: str, slug: str) -> Content | None:
        """The published article at this address of the site."""
        row = self._connection.execute(
            select(*COLUMNS).where(_content.c.site_id == site_id, _content.c.slug == slug, _is_shown())
        ).one_or_none()
        return None if row is None else content_of(row)

    def newest(self, site_id: str, *, limit: int) -> list[Teaser]:
        """The site's published articles with their featured pictures, newest first."""
        query = (
            select(
                _content.c.title,
                _content.c.slug,
                _content.c.excerpt,
                _content.c.published_at,
                _content.c.updated_at,
                _image.c.url,
                _image.c.width,
                _image.c.height,
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
            .where(_content.c.site_id == site_id, _is_shown())
            .order_by(_content.c.published_at.desc(), _content.c.id.desc())
            .limit(limit)
        )
        return [
            Teaser(
                title=row.title,
                slug=row.slug,
                excerpt=row.excerpt,
                published_at=row.published_at,
                updated_at=row.updated_at,
                image_url=row.url or "",
                image_width=row.width or 0,
                image_height=row.height or 0,
            )
            for row in self._connection.execute(query)
        ]


def _is_shown() -> ColumnElement[bool]:
    return and_(
        _content.c.site_status == SiteStatus.PUBLISHED.value,
        _content.c.published_at.is_not(None),
        exists().where(
            _publication.c.content_id == _content.c.id,
            _publication.c.target == Target.HOSTED.value,
            _publication.c.state == PublicationState.PUBLISHED.value,
        ),
    )

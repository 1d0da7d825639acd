"""What everybody may read of the built-in target."""

from dataclasses import dataclass
from typing import Final

from chassis.refusal import NotFound
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image
from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.store.transaction import PublisherTransaction

TEASERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle:
    """A published article with its pictures, and the site it belongs to. The text is that of the published version."""

    site: Site
    content: Content
    images: list[Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedIndex:
    """A site's newest published articles."""

    site: Site
    teasers: list[Teaser]


def published_article(tx: PublisherTransaction, *, site_slug: str, content_slug: str) -> PublishedArticle:
    """The article at an address as it was published. Raises NotFound, also while it is anything but published."""
    site = _site(tx, site_slug)
    content = tx.published.with_slug(site.id, content_slug)
    if content is None:
        raise NotFound(kind="page", id=content_slug)
    if content.published_version != content.version:
        content = content.as_of(tx.content.version(content.id, content.published_version))
    return PublishedArticle(site=site, content=content, images=tx.images.of_content(content.id))


def published_index(tx: PublisherTransaction, *, site_slug: str, limit: int = TEASERS_MAX) -> PublishedIndex:
    """The newest published articles of a site, at most `limit`. Raises NotFound."""
    site = _site(tx, site_slug)
    return PublishedIndex(site=site, teasers=tx.published.newest(site.id, limit=limit))


def _site(tx: PublisherTransaction, slug: str) -> Site:
    site = tx.sites.with_slug(slug)
    if site is None:
        raise NotFound(kind="page", id=slug)
    return site

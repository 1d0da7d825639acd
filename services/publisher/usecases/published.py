"""What everybody may read of the built-in target."""

import math
from dataclasses import dataclass
from typing import Final

from chassis.paging import PageRequest
from chassis.refusal import NotFound
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image
from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.store.transaction import PublisherTransaction

SITEMAP_ARTICLES_MAX: Final = 10_000
"""Of one sitemap; a site with more has an index of several (the protocol allows 50,000)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedArticle:
    """A published article with its pictures, and the site it belongs to. The text is that of the published version."""

    site: Site
    content: Content
    images: list[Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedIndex:
    """A site's published articles, newest first; the token is that of the older ones, empty when there are none."""

    site: Site
    teasers: list[Teaser]
    next_page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMap:
    """Published articles of a site, oldest first; or, with none, how many `pages` of them there are."""

    site: Site
    teasers: list[Teaser]
    pages: int = 0


def published_article(tx: PublisherTransaction, *, site_slug: str, content_slug: str) -> PublishedArticle:
    """The article at an address as it was published. Raises NotFound, also while it is anything but published."""
    site = _site(tx, site_slug)
    content = tx.published.with_slug(site.id, content_slug)
    if content is None:
        raise NotFound(kind="page", id=content_slug)
    if content.published_version != content.version:
        content = content.as_of(tx.content.version(content.id, content.published_version))
    return PublishedArticle(site=site, content=content, images=tx.images.of_content(content.id))


def published_index(tx: PublisherTransaction, *, site_slug: str, page: PageRequest) -> PublishedIndex:
    """The published articles of a site, newest first. Raises NotFound."""
    site = _site(tx, site_slug)
    found = tx.published.newest(site.id, page=page)
    return PublishedIndex(site=site, teasers=found.items, next_page_token=found.next_page_token)


def published_map(
    tx: PublisherTransaction, *, site_slug: str, number: int, size: int = SITEMAP_ARTICLES_MAX
) -> PublishedMap:
    """All articles of a site with at most `size`, else how many pages there are; page `number` when it is not 0.

    Raises NotFound for the site, and for a page that it does not have.
    """
    site = _site(tx, site_slug)
    pages = math.ceil(tx.published.count(site.id) / size)
    if number > max(pages, 1):
        raise NotFound(kind="page", id=f"sitemap {number}")
    if not number and pages > 1:
        return PublishedMap(site=site, teasers=[], pages=pages)
    offset = (max(number, 1) - 1) * size
    return PublishedMap(site=site, teasers=tx.published.oldest(site.id, offset=offset, limit=size))


def _site(tx: PublisherTransaction, slug: str) -> Site:
    site = tx.sites.with_slug(slug)
    if site is None:
        raise NotFound(kind="page", id=slug)
    return site

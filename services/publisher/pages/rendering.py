"""Renders the pages of the built-in target."""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from services.publisher.domain.article_text import read_article
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image, ImageType, made_images
from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.html import clean_html
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.placement import place_between_sections

if TYPE_CHECKING:
    from jinja2 import Environment

READ_WORDS_A_MINUTE: Final = 230
SAME_CHARACTERS: Final = 60

# As characters JSON may spell differently: no title can end the script element that the data stands in.
_JSON_IN_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page: UTF-8 bytes, an ETag that changes with them, and the policy under which it runs."""

    html: bytes
    etag: str
    content_security_policy: str


def article_page(
    site: Site, content: Content, images: Sequence[Image], *, zone: ZoneInfo, addresses: Addresses
) -> Page:
    """The page of a published article. Its HTML is cleaned once more; everything else is escaped."""
    assert content.published_at is not None, "only published content has a page"
    made = made_images(images)
    featured = next((image for image in made if image.image_type is ImageType.FEATURED), None)
    url = addresses.content(site.slug, content.slug)
    description = content.text.meta_description or content.text.excerpt
    return _page(
        "article.html.j2",
        site=site,
        content=content,
        body=article_html(content, made, addresses=addresses),
        standfirst=_standfirst(content),
        featured=featured,
        featured_url=addresses.absolute(featured.url) if featured else "",
        published_at=content.published_at.astimezone(zone),
        minutes=max(1, round(content.word_count / READ_WORDS_A_MINUTE)),
        title=content.text.meta_title or content.title,
        description=description,
        url=url,
        site_url=addresses.site(site.slug),
        feed_url=addresses.article_feed(site.slug),
        data=_linked_data(site, content, featured, description=description, url=url, addresses=addresses),
    )


def article_html(content: Content, images: Sequence[Image], *, addresses: Addresses) -> str:
    """The article's HTML, cleaned once more, with its in-article pictures between the sections; `images` are made ones."""
    figure = _environment().get_template("figure.html.j2")
    figures = [
        figure.render(image=image, url=addresses.absolute(image.url))
        for image in images
        if image.image_type is ImageType.IN_ARTICLE
    ]
    return place_between_sections(clean_html(content.text.html), figures)


def index_page(
    site: Site,
    teasers: Sequence[Teaser],
    *,
    zone: ZoneInfo,
    addresses: Addresses,
    token: str = "",
    next_token: str = "",
) -> Page:
    """A page of a site's published articles, in the order given: the one at `token`, followed by that at `next_token`."""
    first = addresses.site(site.slug)
    here, older = (f"{first}?page_token={each}" if each else "" for each in (token, next_token))
    return _page(
        "index.html.j2",
        site=site,
        teasers=[
            {
                "teaser": teaser,
                "url": addresses.content(site.slug, teaser.slug),
                "image_url": addresses.absolute(teaser.image_url) if teaser.image_url else "",
                "published_at": teaser.published_at.astimezone(zone),
            }
            for teaser in teasers
        ],
        title=site.name,
        description=site.description,
        url=here or first,
        newest_url=first if token else "",
        older_url=older,
        feed_url=addresses.article_feed(site.slug),
    )


def _standfirst(content: Content) -> str:
    """The excerpt, unless the text says the same: excerpts are often its first sentences."""
    excerpt = " ".join(content.text.excerpt.split())
    beginning = excerpt[:SAME_CHARACTERS].rstrip("…")
    return "" if beginning in read_article(content.text.html).text else excerpt


def _page(template: str, **values: object) -> Page:
    html = _environment().get_template(template).render(style=_style(), **values).encode()
    return Page(
        html=html, etag=hashlib.sha256(html).hexdigest()[:32], content_security_policy=_content_policy()
    )


def _linked_data(
    site: Site, content: Content, featured: Image | None, *, description: str, url: str, addresses: Addresses
) -> str:
    """schema.org Article, https://developers.google.com/search/docs/appearance/structured-data/article."""
    assert content.published_at is not None, "only published content has a page"
    publisher = {"@type": "Organization", "name": site.name, "url": addresses.site(site.slug)}
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Article",
        "headline": content.title,
        "description": description,
        "datePublished": content.published_at.isoformat(),
        "dateModified": max(content.updated_at, content.published_at).isoformat(),
        "mainEntityOfPage": url,
        "inLanguage": site.language,
        "wordCount": content.word_count,
        "author": publisher,
        "publisher": publisher,
    }
    if content.text.categories:
        data["articleSection"] = list(content.text.categories)
    if content.text.tags:
        data["keywords"] = list(content.text.tags)
    if featured is not None:
        data["image"] = {
            "@type": "ImageObject",
            "url": addresses.absolute(featured.url),
            "width": featured.width,
            "height": featured.height,
        }
    return _in_script(data)


def _in_script(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_JSON_IN_HTML)


@cache
def _style() -> str:
    return files(__package__).joinpath("style.css").read_text("utf-8")


@cache
def _content_policy() -> str:
    """Nothing but our own pictures and the one style element, known by its hash; no script, frame or form."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__, package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = _day
    return environment


def _day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"

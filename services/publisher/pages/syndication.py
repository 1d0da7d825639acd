"""A site's published articles for programs: a sitemap for search engines, RSS for feed readers."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.pages.addresses import Addresses

_ATOM: Final = "http://www.w3.org/2005/Atom"
_SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"

# What XML 1.0 cannot hold in any spelling.
_NO_XML: Final = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | {
    0xFFFE: None,
    0xFFFF: None,
}

register_namespace("atom", _ATOM)


def sitemap_xml(site: Site, teasers: Sequence[Teaser], *, addresses: Addresses) -> bytes:
    """The site's page and its articles; see https://www.sitemaps.org/protocol.html."""
    root = Element("urlset", xmlns=_SITEMAP)
    _text(SubElement(root, "url"), "loc", addresses.site(site.slug))
    for teaser in teasers:
        url = SubElement(root, "url")
        _text(url, "loc", addresses.content(site.slug, teaser.slug))
        _text(url, "lastmod", teaser.updated_at.isoformat(timespec="seconds"))
    return _document(root)


def sitemap_index_xml(site: Site, pages: int, *, addresses: Addresses) -> bytes:
    """The addresses of a large site's sitemaps, numbered from 1."""
    root = Element("sitemapindex", xmlns=_SITEMAP)
    for number in range(1, pages + 1):
        _text(SubElement(root, "sitemap"), "loc", f"{addresses.sitemap(site.slug)}?page={number}")
    return _document(root)


def feed_xml(site: Site, teasers: Sequence[Teaser], *, addresses: Addresses) -> bytes:
    """The articles in the order given; see https://www.rssboard.org/rss-specification."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    _text(channel, "title", site.name)
    _text(channel, "link", addresses.site(site.slug))
    _text(channel, "description", site.description or site.name)
    _text(channel, "language", site.language)
    own = {"href": addresses.article_feed(site.slug), "rel": "self", "type": "application/rss+xml"}
    SubElement(channel, f"{{{_ATOM}}}link", own)
    for teaser in teasers:
        item = SubElement(channel, "item")
        url = addresses.content(site.slug, teaser.slug)
        _text(item, "title", teaser.title)
        _text(item, "link", url)
        # Its slug never changes, so its address names it for good.
        _text(item, "guid", url)
        _text(item, "pubDate", _rfc822(teaser.published_at))
        _text(item, "description", teaser.excerpt)
    return _document(root)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text.translate(_NO_XML)


def _rfc822(at: datetime) -> str:
    return format_datetime(at, usegmt=True)


def _document(root: Element) -> bytes:
    data: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return data

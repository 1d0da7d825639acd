"""A sitemap and a feed are well-formed whatever a title holds, and name every article once."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.syndication import feed_xml, sitemap_index_xml, sitemap_xml

ADDRESSES = Addresses("https://igny8.example")
AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SITE = Site.create(id="site-1", account_id="account-1", name="Green Balcony", slug="garden", now=AT)
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def teaser(slug: str = "compost", **changes: str) -> Teaser:
    words: Any = {"title": "Compost", "excerpt": "Small heaps first.", **changes}
    return Teaser(slug=slug, published_at=AT, updated_at=AT.replace(hour=12), **words)


def test_a_sitemap_names_the_site_and_each_article_with_its_last_change() -> None:
    root = ElementTree.fromstring(sitemap_xml(SITE, [teaser()], addresses=ADDRESSES))

    assert [each.text for each in root.iter(f"{SITEMAP}loc")] == [
        "https://igny8.example/published/garden",
        "https://igny8.example/published/garden/compost",
    ]
    assert [each.text for each in root.iter(f"{SITEMAP}lastmod")] == ["2026-11-02T12:30:00+00:00"]


def test_a_large_site_has_an_index_of_sitemaps() -> None:
    root = ElementTree.fromstring(sitemap_index_xml(SITE, 2, addresses=ADDRESSES))

    assert root.tag == f"{SITEMAP}sitemapindex"
    assert [each.text for each in root.iter(f"{SITEMAP}loc")] == [
        "https://igny8.example/published/garden/sitemap.xml?page=1",
        "https://igny8.example/published/garden/sitemap.xml?page=2",
    ]


def test_a_feed_has_the_articles_in_order_with_their_dates() -> None:
    feed = feed_xml(SITE, [teaser("b"), teaser("a")], addresses=ADDRESSES)

    items = ElementTree.fromstring(feed).findall("channel/item")
    assert [item.findtext("link") for item in items] == [
        "https://igny8.example/published/garden/b",
        "https://igny8.example/published/garden/a",
    ]
    assert items[0].findtext("pubDate") == "Mon, 02 Nov 2026 09:30:00 GMT"


def test_titles_are_text_in_a_feed_never_markup() -> None:
    hostile = teaser(title="</title><script>alert(1)</script> & \x00\x0b\uffff 堆肥 🌱", excerpt="]]>")

    root = ElementTree.fromstring(feed_xml(SITE, [hostile], addresses=ADDRESSES))

    assert root.findtext("channel/item/title") == "</title><script>alert(1)</script> &  堆肥 🌱"
    assert root.find(".//script") is None


def test_a_site_without_articles_has_a_feed_and_a_sitemap_of_itself() -> None:
    assert ElementTree.fromstring(feed_xml(SITE, [], addresses=ADDRESSES)).findall("channel/item") == []
    assert len(ElementTree.fromstring(sitemap_xml(SITE, [], addresses=ADDRESSES))) == 1

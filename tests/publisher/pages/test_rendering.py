"""Pages of the built-in target: complete, and safe whatever stands in an article."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.site import Site
from services.publisher.domain.teaser import Teaser
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.rendering import Page, article_page, index_page
from tests.publisher.domain.builders import content, image, text

AT = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
SITE = Site.create(id="site-1", account_id="account-1", name="Green Balcony", slug="green", now=AT)
HOSTILE = "\"><script>alert(1)</script></title></style><img src=x onerror=alert(1)>'&"
ROME = ZoneInfo("Europe/Rome")
PUBLIC = Addresses("https://example.com/")


def test_the_page_says_what_it_is() -> None:
    page = _article(
        title="How to compost",
        excerpt="A bin and some leaves.",
        meta_title="Compost at home",
        meta_description="In an afternoon.",
        categories=("Soil",),
        tags=("leaves", "bins"),
    )

    html = page.html.decode()
    assert "<title>Compost at home · Green Balcony</title>" in html
    assert '<meta name="description" content="In an afternoon.">' in html
    assert '<link rel="canonical" href="https://example.com/published/green/how-to-start-composting">' in html
    assert '<meta property="og:type" content="article">' in html
    assert "<h1>How to compost</h1>" in html
    assert '<p class="standfirst">A bin and some leaves.</p>' in html
    assert ">17 November 2026</time>" in html
    assert 'datetime="2026-11-17T00:30:00+01:00"' in html
    assert "<li>leaves</li><li>bins</li>" in html
    assert '<a href="https://example.com/published/green">← All articles of Green Balcony</a>' in html


def test_search_engines_get_the_same_facts() -> None:
    data = _linked_data(_article(images=[image(url="/media/abc", width=1200, height=800)], tags=("leaves",)))

    assert data["@type"] == "Article"
    assert data["headline"] == "How to start composting"
    assert data["datePublished"] == "2026-11-16T23:30:00+00:00"
    assert data["keywords"] == ["leaves"]
    assert data["image"]["url"] == "https://example.com/media/abc"
    assert data["publisher"]["name"] == "Green Balcony"


def test_the_featured_picture_is_on_top_with_its_size_and_words() -> None:
    html = _article(images=[image(url="/media/abc", width=1200, height=800)]).html.decode()

    picture = (
        '<img src="https://example.com/media/abc" alt="A compost heap in autumn" width="1200" height="800"'
    )
    assert html.index(picture) < html.index('<div class="text">')
    assert '<meta property="og:image" content="https://example.com/media/abc">' in html


def test_pictures_of_the_text_follow_its_sections() -> None:
    images = [
        image(
            id=f"image-{position}",
            image_type=ImageType.IN_ARTICLE,
            position=position,
            url=f"/media/{position}",
        )
        for position in (2, 1)
    ]

    html = _article(images=images).html.decode()

    places = [html.index(mark) for mark in ("<h2>Start", "/media/1", "<h2>Turn", "/media/2")]
    assert places == sorted(places)


def test_pictures_that_are_not_made_are_left_out() -> None:
    failed = image(ImageStatus.FAILED, url="")

    assert b"<img" not in _article(images=[failed]).html


def test_without_a_public_address_links_are_paths() -> None:
    html = _article(addresses=Addresses()).html.decode()

    assert '<link rel="canonical" href="/published/green/how-to-start-composting">' in html


def test_a_standfirst_does_not_repeat_the_text() -> None:
    html = _article(excerpt="Compost feeds the soil. Compost feeds the soil. Compost feeds…").html.decode()

    assert "standfirst" not in html.partition("</style>")[2]


def test_nothing_an_article_holds_becomes_markup() -> None:
    words: dict[str, Any] = dict.fromkeys(("title", "excerpt", "meta_title", "meta_description"), HOSTILE)
    page = _article(
        site=replace(SITE, name=HOSTILE, description=HOSTILE, language='en" onload="x'),
        images=[image(url="/media/abc", alt_text=HOSTILE)],
        html=f"<p>{HOSTILE}</p><script>alert(1)</script><a href='javascript:alert(1)'>x</a>",
        categories=(HOSTILE,),
        tags=(HOSTILE,),
        **words,
    )

    elements = _elements(page)
    assert [attributes for tag, attributes in elements if tag == "script"] == [
        {"type": "application/ld+json"}
    ]
    # What the article says of a picture elsewhere keeps no address.
    assert [attributes.get("src") for tag, attributes in elements if tag == "img"] == [
        "https://example.com/media/abc",
        None,
    ]
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert "javascript:" not in page.html.decode()
    assert _linked_data(page)["headline"] == HOSTILE


def test_the_index_escapes_what_it_lists() -> None:
    teaser = Teaser(title=HOSTILE, slug='x"><script>', excerpt=HOSTILE, published_at=AT, updated_at=AT)

    page = index_page(replace(SITE, name=HOSTILE, description=HOSTILE), [teaser], zone=ROME, addresses=PUBLIC)

    assert not {tag for tag, _ in _elements(page)} & {"script", "img"}


def test_the_index_links_each_article_once_for_readers_of_screens() -> None:
    teaser = Teaser(
        title="How to compost",
        slug="compost",
        excerpt="",
        published_at=AT,
        updated_at=AT,
        image_url="/media/abc",
        image_width=1200,
        image_height=800,
    )

    elements = _elements(index_page(SITE, [teaser], zone=ROME, addresses=Addresses()))

    links = [attributes for tag, attributes in elements if tag == "a" and "compost" in attributes["href"]]
    assert [link.get("aria-hidden") for link in links] == ["true", None]


def test_the_index_leads_to_older_articles_and_back() -> None:
    teaser = Teaser(title="Compost", slug="compost", excerpt="", published_at=AT, updated_at=AT)

    first, middle, last = (
        _elements(index_page(SITE, [teaser], zone=ROME, addresses=Addresses(), token=here, next_token=older))
        for here, older in (("", "b"), ("b", "c"), ("c", ""))
    )

    assert _ways(first) == ["/published/green?page_token=b"]
    assert _ways(middle) == ["/published/green", "/published/green?page_token=c"]
    assert _ways(last) == ["/published/green"]
    assert _canonical(first) == "/published/green"
    assert _canonical(middle) == "/published/green?page_token=b"


def test_an_empty_index_says_so() -> None:
    assert b"Nothing is published here yet" in index_page(SITE, [], zone=ROME, addresses=PUBLIC).html


def test_the_policy_allows_the_one_style_and_no_script() -> None:
    page = _article()
    [style] = re.findall("<style>(.*?)</style>", page.html.decode(), re.DOTALL)

    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.content_security_policy
    assert "default-src 'none'" in page.content_security_policy
    assert "script-src" not in page.content_security_policy
    assert not [attributes for _, attributes in _elements(page) if "style" in attributes]


def test_the_etag_changes_with_the_page_only() -> None:
    assert _article().etag == _article().etag
    assert _article().etag != _article(title="Another").etag


def _article(
    *, images: list[Image] | None = None, site: Site = SITE, addresses: Addresses = PUBLIC, **words: Any
) -> Page:
    return article_page(site, _published(**words), images or [], zone=ROME, addresses=addresses)


def _published(**words: Any) -> Content:
    return content(
        ContentStatus.APPROVED, SiteStatus.PUBLISHED, text=text(**words), published_at=AT, updated_at=AT
    )


def _linked_data(page: Page) -> dict[str, Any]:
    [data] = re.findall('<script type="application/ld\\+json">(.*?)</script>', page.html.decode(), re.DOTALL)
    found: dict[str, Any] = json.loads(data)
    return found


def _elements(page: Page) -> list[tuple[str, dict[str, str]]]:
    """Every start tag of the page with its attributes, as a parser finds them."""
    found: list[tuple[str, dict[str, str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, {name: value or "" for name, value in attrs}))

    Reader().feed(page.html.decode())
    return found


def _ways(elements: list[tuple[str, dict[str, str]]]) -> list[str]:
    """Where the links to other pages of the index lead."""
    return [
        attributes["href"]
        for tag, attributes in elements
        if tag == "a" and "green" in attributes["href"] and "compost" not in attributes["href"]
    ]


def _canonical(elements: list[tuple[str, dict[str, str]]]) -> str:
    [href] = [attributes["href"] for tag, attributes in elements if attributes.get("rel") == "canonical"]
    return href

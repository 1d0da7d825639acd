"""The gateway's own pages and all its answers: nothing from elsewhere, and headers that keep browsers safe."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from html.parser import HTMLParser

import httpx
import pytest

from chassis.testing.serving import Served
from gateway.process import Process
from tests.gateway.conftest import Running, running

PAGES = ["/docs", "/no-such-page"]
HTML = {"Accept": "text/html"}
ORIGIN = "https://app.example.com"


class _Page(HTMLParser):
    """What a page refers to, and the style and script in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.referred: list[str] = []
        self.handlers: list[str] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in self.inline else ""
        for name, value in attrs:
            if name in ("href", "src", "srcset", "action", "data", "poster", "formaction"):
                self.referred.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(f"{tag} {name}")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.inline[self._inside].append(data)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_refers_to_nothing_outside(stranger: httpx.AsyncClient, path: str) -> None:
    page = _Page((await stranger.get(path, headers=HTML)).text)

    outside = [one for one in page.referred if not one.startswith(("/", "#", "mailto:")) or one[:2] == "//"]
    assert outside == []
    assert re.findall(r"url\(|@import|https?:", "".join(page.inline["style"])) == []
    assert re.findall(r"fetch|import|https?:|XMLHttp", "".join(page.inline["script"])) == []


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_allows_the_style_and_script_it_has_and_no_other(
    stranger: httpx.AsyncClient, path: str
) -> None:
    answer = await stranger.get(path, headers=HTML)
    page = _Page(answer.text)
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";")
    )

    assert page.handlers == []
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'none'"
    assert all(_hash(text) in policy["style-src"].split() for text in page.inline["style"])
    assert all(_hash(text) in policy["script-src"].split() for text in page.inline["script"])
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/docs", "/no-such-page", "/api/v1/books", "/openapi.json", "/healthz", "/media/x", "/published/roses"],
)
async def test_every_answer_has_the_headers_that_keep_browsers_safe(
    stranger: httpx.AsyncClient, path: str
) -> None:
    headers = (await stranger.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers
    assert "server" not in headers


async def test_over_https_a_browser_is_told_to_stay_with_it(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/docs", headers={"X-Forwarded-Proto": "https"})

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.fixture
async def shared(process_for: Callable[..., Process], shelf_server: Served) -> AsyncIterator[Running]:
    """A gateway that pages of one other origin may use."""
    async with running(process_for(cors_origins=(ORIGIN,), shelf=shelf_server.target)) as found:
        yield found


@pytest.mark.parametrize(
    ("origin", "verb", "header", "allowed"),
    [
        (ORIGIN, "POST", "idempotency-key", True),
        (ORIGIN, "GET", "last-event-id", True),
        (ORIGIN, "TRACE", "authorization", False),
        (ORIGIN, "POST", "x-csrf-token", False),
        ("https://evil.example", "POST", "authorization", False),
        (f"{ORIGIN}.evil.example", "GET", "authorization", False),
    ],
)
async def test_a_preflight_allows_what_the_setting_says_and_nothing_more(
    shared: Running, origin: str, verb: str, header: str, allowed: bool
) -> None:
    sent = {
        "Origin": origin,
        "Access-Control-Request-Method": verb,
        "Access-Control-Request-Headers": header,
    }
    async with httpx.AsyncClient(base_url=shared.url, timeout=20) as client:
        answer = await client.options("/api/v1/books", headers=sent)

    assert answer.status_code == (200 if allowed else 403)
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-trace-id"]


async def test_preflights_count_as_every_request_does(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    process = process_for(cors_origins=(ORIGIN,), requests_per_minute=(0, 1), shelf=shelf_server.target)
    sent = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    async with running(process) as found, httpx.AsyncClient(base_url=found.url, timeout=20) as client:
        first = await client.options("/api/v1/books", headers=sent)
        second = await client.options("/api/v1/books", headers=sent)

    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["access-control-allow-origin"] == ORIGIN
    assert second.json()["reason"] == "RATE_LIMITED"


async def test_a_page_of_an_allowed_origin_reads_what_it_needs_of_an_answer(shared: Running) -> None:
    async with httpx.AsyncClient(base_url=shared.url, timeout=20) as client:
        answer = await client.get("/api/v1/books", headers={"Origin": ORIGIN})

    exposed = {name.strip() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert exposed >= {"ETag", "Retry-After", "RateLimit", "X-Trace-Id"}


async def test_without_the_setting_no_other_origin_is_allowed(stranger: httpx.AsyncClient) -> None:
    sent = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}
    preflight = await stranger.options("/api/v1/books", headers=sent)

    assert preflight.status_code == 204
    assert not [name for name in preflight.headers if name.startswith("access-control-")]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

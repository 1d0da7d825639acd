"""What the gateway refuses, and how it says so: every status as a problem document, or as a page for people."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import httpx
import pytest

from chassis.errors import CATALOGUE
from chassis.testing.serving import Served
from gateway import pages
from gateway.process import Process
from tests.gateway.conftest import Running, bearer, running


async def test_a_problem_has_every_member_and_names_its_trace(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/books/none")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/docs#NOT_FOUND",
        "title": "Not found",
        "status": 404,
        "detail": "No book has the id none. It may have been deleted.",
        "reason": "NOT_FOUND",
        "metadata": {"kind": "book", "id": "none"},
        "trace_id": answer.headers["x-trace-id"],
        "errors": [],
    }


async def test_an_unknown_api_path_is_a_problem_and_never_a_page(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/cheese", headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path", ["/cheese", "/published/gone", "/media/missing", "/%3Cscript%3E", "/../etc/passwd"]
)
async def test_an_unknown_page_is_the_branded_404(stranger: httpx.AsyncClient, path: str) -> None:
    answer = await stranger.get(path, headers={"Accept": "text/html"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "igny8" in answer.text
    assert 'href="/">Home' in answer.text
    assert '<a href="mailto:help@example.com">Contact support</a>' in answer.text
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "cheese" not in answer.text


def test_a_page_offers_no_support_where_there_is_none() -> None:
    page = bytes(pages.not_found_page("").body).decode()

    assert "support" not in page.lower()
    assert 'href="/">Home' in page


async def test_a_program_that_wants_json_gets_a_problem_outside_the_api_too(
    stranger: httpx.AsyncClient,
) -> None:
    answer = await stranger.get("/cheese", headers={"Accept": "application/json"})

    assert answer.json()["reason"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/../v1/books/book-1",
        "/api/v1/./books/book-1",
        "/api/v1//books/book-1",
        "/api/v1/books/book-1/",
        "/api/v1/books/",
        "/api/v1/books/%2e%2e%2faudit",
        "/api/v1/audit",
        "/api/v1/calendar/.ics",
    ],
)
async def test_an_odd_path_leads_nowhere(gateway: Running, path: str) -> None:
    status = await _raw_status(gateway.url, f"GET {path} HTTP/1.1", bearer())

    assert status == 404


@pytest.mark.parametrize("path", ["/api/v1/books/%ff", "/api/v1/books/book%00", "/api/v1/books?words=%ff"])
async def test_a_path_or_query_that_is_no_text_is_refused(gateway: Running, path: str) -> None:
    status = await _raw_status(gateway.url, f"GET {path} HTTP/1.1", bearer())

    assert status == 400


async def test_a_method_for_other_services_has_no_route(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/audit")

    assert answer.status_code == 404


async def test_a_verb_that_is_not_served_is_told_which_are(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/api/v1/books/book-1")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PUT"
    assert answer.json()["metadata"] == {"allowed": "DELETE, GET, HEAD, OPTIONS, PUT"}


async def test_options_tells_the_verbs_of_a_path(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.options("/api/v1/books")

    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "application/xml, text/*", "*/*;q=nonsense"]
)
async def test_who_accepts_no_json_is_told_that_there_is_nothing_else(
    client: httpx.AsyncClient, accept: str
) -> None:
    answer = await client.get("/api/v1/books/book-1", headers={"Accept": accept})

    assert answer.status_code == 406
    assert answer.json()["reason"] == "NOT_ACCEPTABLE"


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, application/json;q=0.5", "*/*;q=0.1"])
async def test_who_accepts_json_in_any_words_gets_it(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/api/v1/books/book-1", headers={"Accept": accept})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/json; charset=latin-1", "multipart/form-data"]
)
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, content_type: str) -> None:
    answer = await client.post(
        "/api/v1/shelves/top/books", content=b'{"title":"a"}', headers={"Content-Type": content_type}
    )

    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/api/v1/shelves/top/books", "application/json"), ("/api/v1/shelves/top/import", "text/csv")],
)
async def test_a_compressed_body_is_refused_by_its_encoding(
    client: httpx.AsyncClient, path: str, content_type: str
) -> None:
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}

    answer = await client.post(path, content=gzip.compress(b'{"title":"a"}'), headers=headers)

    assert answer.status_code == 415
    assert answer.json()["metadata"] == {"content_encoding": "gzip", "readable": "identity"}


async def test_an_upload_of_another_type_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/shelves/top/import", json={})

    assert answer.status_code == 415
    assert "text/csv" in answer.json()["detail"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_json_above_a_mebibyte_is_refused(client: httpx.AsyncClient, chunked: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65_536

    content = parts() if chunked else b" " * 2_000_000

    answer = await client.post(
        "/api/v1/shelves/top/books", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert answer.json()["metadata"]["limit"] == "1048576"


async def test_headers_above_the_limit_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/books/book-1", headers={"X-Large": "x" * 40_000})

    assert answer.status_code == 431
    assert answer.json()["reason"] == "HEADERS_TOO_LARGE"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"title": NaN}',
        b'{"title": "\xff"}',
        b'{"title": "\\ud800"}',
        b'{"title": "a\\u0000b"}',
        b'{"title": 1}',
        b'{"account_id": "other", "title": "a"}',
        b"[" * 100_000,
        b'{"title":' * 2_000 + b"1" + b"}" * 2_000,
    ],
)
async def test_a_body_that_is_not_what_it_must_be_is_a_400_with_the_field(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await client.post(
        "/api/v1/shelves/top/books", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["reason"] == "REQUEST_INVALID"
    assert answer.json()["errors"]


async def test_no_body_is_an_empty_one(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/shelves/top/books")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "title"


async def test_a_fault_of_ours_tells_an_id_and_no_secret(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/books/burnt")

    assert answer.status_code == 500
    assert answer.json()["metadata"]["error_id"] in answer.json()["detail"]
    assert "hunter2" not in answer.text


async def test_a_method_that_takes_too_long_is_a_504(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/sleep")

    assert answer.status_code == 504
    assert answer.json()["reason"] == "DEADLINE_EXCEEDED"
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_dead_service_is_named_and_the_rest_goes_on(
    gateway: Running, client: httpx.AsyncClient, shelf_server: Served
) -> None:
    await shelf_server.server.stop(0)

    answer = await client.get("/api/v1/books/book-1")

    assert answer.status_code == 503
    assert answer.json()["metadata"] == {"service": "shelf"}
    assert int(answer.headers["retry-after"]) >= 1
    assert (await client.get("/healthz")).status_code == 200


async def test_a_person_who_asks_a_dead_service_for_a_page_gets_a_page(
    gateway: Running, stranger: httpx.AsyncClient, shelf_server: Served
) -> None:
    await shelf_server.server.stop(0)

    answer = await stranger.get("/published/roses", headers={"Accept": "text/html"})

    assert answer.status_code == 503
    assert "Service unavailable" in answer.text


async def test_every_answer_carries_what_keeps_browsers_safe(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/books")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_what_the_gateway_depends_on_is_named_when_it_is_away(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    process = process_for(shelf=shelf_server.target, billing="127.0.0.1:1")
    async with running(process) as found, httpx.AsyncClient(base_url=found.url, timeout=20) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["dependencies"]["shelf"] == {"status": "serving"}
    assert answer.json()["dependencies"]["billing"] == {"status": "unreachable"}


async def test_a_gateway_that_drains_is_not_ready(gateway: Running, stranger: httpx.AsyncClient) -> None:
    gateway.process.drain()

    answer = await stranger.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "draining"


def test_the_gateway_gives_reasons_of_the_catalogue_only() -> None:
    from gateway import refusals

    given = {
        value.reason
        for value in vars(refusals).values()
        if isinstance(value, type) and hasattr(value, "reason")
    }

    assert given - {"INTERNAL"} <= set(CATALOGUE)


async def _raw_status(url: str, line: str, headers: dict[str, str]) -> int:
    """Sends a request line as it is: an HTTP client would tidy the path."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [line, "Host: gateway", "Connection: close", *(f"{k}: {v}" for k, v in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])

"""Operations through a real gateway and a real gRPC server: what goes in, what comes out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from chassis.identity import Role
from chassis.testing.callers import person
from chassis.testing.serving import Served
from gateway.process import Process
from tests.gateway.conftest import bearer, running
from tests.gateway.shelf import COVER, ShelfServicer


async def test_a_path_variable_reaches_the_method_and_the_resource_is_the_whole_answer(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/api/v1/books/book-1")

    assert answer.status_code == 200
    assert answer.json() == {
        "book_id": "book-1",
        "title": "A title",
        "genre": "life_story",
        "pages": 2**53 + 1,
        "etag": "7",
    }
    assert answer.headers["etag"] == '"7"'
    assert answer.headers["cache-control"] == "no-store"


async def test_an_additional_binding_serves_the_same_method(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/shelves/top/books/book-1")

    assert answer.json()["title"] == "top"


async def test_a_percent_encoded_slash_stays_inside_its_segment(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/shelves/top%2Fleft/books/book-1")

    assert answer.json()["title"] == "top/left"


async def test_query_parameters_reach_nested_repeated_and_typed_fields(client: httpx.AsyncClient) -> None:
    query = "filter.genres=fiction&filter.genres=life_story&filter.after=2026-11-20T09:30:00Z&page_size=7&lent=true&words=a&words=b%26c&weight=1.5"

    answer = await client.get(f"/api/v1/books?{query}")

    assert answer.json()["asked"] == {
        "filter": {"genres": ["fiction", "life_story"], "after": "2026-11-20T09:30:00Z"},
        "page_size": 7,
        "page_token": "",
        "lent": True,
        "words": ["a", "b&c"],
        "weight": 1.5,
    }


async def test_every_wrong_query_parameter_is_named_at_once(client: httpx.AsyncClient) -> None:
    query = "filter.genres=opera&page_size=many&lent=yes&weight=NaN&colour=red&page_token=a&page_token=b&filter.after=tomorrow"

    answer = await client.get(f"/api/v1/books?{query}")

    assert answer.status_code == 400
    assert {fault["field"]: fault["message"] for fault in answer.json()["errors"]} == {
        "colour": "is not a parameter here; there are filter.after, filter.genres, lent, page_size, page_token, weight, words",
        "page_token": "must be given once",
        "filter.genres[0]": "must be one of: fiction, life_story",
        "filter.after": "must be an instant such as 2026-11-20T09:30:00Z",
        "page_size": "must be a whole number",
        "lent": "must be true or false",
        "weight": "must be a number",
    }


async def test_the_service_refuses_what_the_rules_refuse_and_names_the_field(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/api/v1/books?page_size=201")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "page_size"


async def test_a_post_answers_the_status_its_proto_says(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/shelves/top/books", json={"title": "Roses"})

    assert answer.status_code == 201
    assert answer.json()["book"]["title"] == "Roses"


async def test_a_body_cannot_set_what_the_path_sets(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/shelves/top/books", json={"title": "Roses", "shelf": "other"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "shelf"


async def test_the_idempotency_key_becomes_the_request_id(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/shelves/top/books", json={"title": "Roses"}, headers={"Idempotency-Key": "k-1"}
    )

    assert answer.json()["request_id"] == "k-1"


async def test_an_idempotency_key_that_differs_from_the_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/shelves/top/books",
        json={"title": "Roses", "request_id": "k-2"},
        headers={"Idempotency-Key": "k-1"},
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "request_id", "message": "differs from the header Idempotency-Key"}
    ]


async def test_a_body_that_is_one_field_names_its_faults_as_the_caller_wrote_them(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.put("/api/v1/books/book-1", json={"title": "Roses", "pages": "many"})

    assert answer.json()["errors"] == [{"field": "pages", "message": "must be a whole number"}]


async def test_no_body_is_not_taken_for_an_empty_resource(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/books/book-1")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "book", "message": "must be set"}]


async def test_an_if_match_that_differs_from_the_etag_of_the_query_is_refused(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.put(
        "/api/v1/books/book-1?etag=6", json={"title": "Roses"}, headers={"If-Match": '"7"'}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "etag", "message": "differs from the header If-Match"}]


async def test_if_match_is_the_etag_of_the_request(client: httpx.AsyncClient) -> None:
    fresh = await client.put("/api/v1/books/book-1", json={"title": "Roses"}, headers={"If-Match": '"7"'})
    stale = await client.put("/api/v1/books/book-1", json={"title": "Roses"}, headers={"If-Match": '"6"'})

    assert fresh.status_code == 200
    assert stale.status_code == 412
    assert stale.json()["reason"] == "STALE_ETAG"


async def test_what_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/books/book-1", headers={"If-None-Match": '"7"'})

    assert answer.status_code == 304
    assert answer.content == b""


async def test_a_method_that_answers_nothing_is_a_204(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/books/book-1")

    assert answer.status_code == 204
    assert answer.content == b""


async def test_a_file_is_sent_as_its_type_with_the_headers_its_service_asked_for(
    stranger: httpx.AsyncClient,
) -> None:
    answer = await stranger.get("/media/abc")

    assert answer.content == COVER
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["etag"] == '"abc"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "set-cookie" not in answer.headers


async def test_a_file_that_has_not_changed_is_not_sent_again(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/media/abc", headers={"If-None-Match": '"abc"'})

    assert answer.status_code == 304
    assert answer.content == b""


async def test_a_variable_may_share_its_segment_with_a_suffix(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/calendar/secret.ics")

    assert answer.text == "BEGIN:VCALENDAR secret"
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"


@pytest.mark.parametrize(
    ("slug", "policy"), [("roses", "default-src 'none'; img-src"), ("strict", "default-src 'self'")]
)
async def test_a_hosted_page_keeps_its_own_policy_or_gets_one_without_script(
    stranger: httpx.AsyncClient, slug: str, policy: str
) -> None:
    answer = await stranger.get(f"/published/{slug}")

    assert answer.text == "<h1>Roses</h1>"
    assert answer.headers["content-security-policy"].startswith(policy)


async def test_a_service_may_redirect(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/published/moved")

    assert answer.status_code == 301
    assert answer.headers["location"] == "/published/here"


async def test_an_upload_is_streamed_on_with_its_fields_first(client: httpx.AsyncClient) -> None:
    data = b"title,pages\n" * 50_000

    answer = await client.post(
        "/api/v1/shelves/top/import?dry_run=true",
        content=data,
        headers={"Content-Type": "text/csv; charset=utf-8"},
    )

    assert answer.json() | {"messages": 0} == {
        "shelf": "top",
        "bytes": len(data),
        "messages": 0,
        "content_type": "text/csv; charset=utf-8",
    }
    assert answer.json()["messages"] > 2


async def test_a_service_that_refuses_in_the_middle_of_an_upload_is_heard(client: httpx.AsyncClient) -> None:
    data = b"nonsense" + b"a" * 5_000_000

    answer = await client.post(
        "/api/v1/shelves/top/import", content=data, headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == 404


async def test_a_file_above_the_limit_is_refused_whole(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(21):
            yield b"x" * 1_000_000

    answer = await client.post(
        "/api/v1/shelves/top/import", content=endless(), headers={"Content-Type": "text/csv"}
    )

    assert answer.status_code == 413
    assert answer.json()["metadata"] == {"limit": "20000000", "unit": "bytes", "part": "body"}


async def test_the_token_travels_on_and_the_service_knows_the_caller(
    client: httpx.AsyncClient, servicer: ShelfServicer
) -> None:
    await client.get("/api/v1/books/book-1", headers={"x-igny8-account-id": "another"})

    assert servicer.actors == [person().actor]


async def test_the_trace_of_the_caller_goes_on(client: httpx.AsyncClient) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = await client.get(
        "/api/v1/books/none", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    )

    assert answer.headers["x-trace-id"] == trace_id
    assert answer.json()["trace_id"] == trace_id


async def test_a_viewer_may_not_write(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.delete("/api/v1/books/book-1", headers=bearer(person(Role.VIEWER)))

    assert answer.status_code == 403
    assert answer.json()["reason"] == "PERMISSION_DENIED"


async def test_head_answers_as_get_without_the_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/v1/books/book-1")

    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


async def test_a_browser_of_an_allowed_origin_may_ask(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    process = process_for(cors_origins=("https://app.example.com",), shelf=shelf_server.target)
    async with running(process) as found, httpx.AsyncClient(base_url=found.url, timeout=20) as client:
        preflight = await client.options(
            "/api/v1/books",
            headers={
                "Origin": "https://app.example.com",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "authorization",
            },
        )
        other = await client.get("/healthz", headers={"Origin": "https://evil.example.com"})

    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "access-control-allow-origin" not in other.headers


async def test_a_service_that_is_slow_to_take_a_connection_is_not_away(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    async with (
        slow_to_greet(shelf_server.target) as busy,
        running(process_for(shelf=busy)) as found,
        httpx.AsyncClient(base_url=found.url, headers=bearer(), timeout=20) as client,
    ):
        answer = await client.post("/api/v1/shelves/top/books", json={"title": "Roses"})

    assert answer.status_code == 201


@contextlib.asynccontextmanager
async def slow_to_greet(target: str) -> AsyncIterator[str]:
    """The address of a server before that one, which says nothing for the first 0.4 seconds of a connection."""
    host, _, port = target.rpartition(":")
    ends: list[asyncio.StreamWriter] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(writer)
        greets = asyncio.Event()
        asyncio.get_running_loop().call_later(0.4, greets.set)
        await greets.wait()
        with contextlib.suppress(OSError):
            inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
            ends.append(inner_writer)
            await asyncio.gather(pipe(reader, inner_writer), pipe(inner_reader, writer))

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for end in ends:
            end.close()

"""Bodies that come slowly, never, or not as they said: refused in time, and nothing of them is used."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from gateway import bodies, endpoint
from tests.gateway.conftest import Running, bearer

JSON = {"Content-Type": "application/json", "Content-Length": "100"}
CSV = {"Content-Type": "text/csv", "Content-Length": "100"}


async def _answer(gateway: Running, path: str, headers: dict[str, str], sent: bytes) -> tuple[int, Any]:
    """What comes back to a client that sends a part of a body and then nothing."""
    parts = urlsplit(gateway.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [f"POST {path} HTTP/1.1", "Host: gateway", *(f"{k}: {v}" for k, v in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode() + sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    body = await reader.readexactly(length)
    writer.close()
    return int(head.split(b" ", 2)[1]), json.loads(body)


@pytest.mark.parametrize(
    ("path", "headers", "sent"),
    [
        ("/api/v1/shelves/top/books", JSON, b""),
        ("/api/v1/shelves/top/books", JSON, b'{"title": "Ro'),
        ("/api/v1/shelves/top/import", CSV, b"title\n"),
    ],
    ids=["nothing", "half", "half a file"],
)
async def test_a_body_that_does_not_come_is_a_408(
    gateway: Running, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], sent: bytes
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.2)
    monkeypatch.setattr(endpoint, "UPLOAD_SECONDS_MAX", 0.2)

    status, problem = await _answer(gateway, path, {**headers, **bearer()}, sent)

    assert (status, problem["reason"]) == (408, "REQUEST_TIMEOUT")


async def test_a_client_that_goes_away_while_sending_leaves_the_gateway_at_work(
    gateway: Running, client: httpx.AsyncClient
) -> None:
    parts = urlsplit(gateway.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [
        "POST /api/v1/shelves/top/books HTTP/1.1",
        "Host: gateway",
        *(f"{k}: {v}" for k, v in {**JSON, **bearer()}.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + b"{")
    await writer.drain()
    writer.transport.abort()

    assert (await client.get("/api/v1/books/book-1")).status_code == 200


async def test_a_key_that_comes_twice_counts_as_it_was_said_last(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/shelves/top/books",
        content=b'{"title": "first", "title": "last"}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.json()["book"]["title"] == "last"


async def test_an_if_match_that_names_many_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.put(
        "/api/v1/books/book-1", json={"title": "Roses"}, headers={"If-Match": '"6", "7"'}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "If-Match", "message": "must name one ETag"}]


async def test_an_if_match_of_anything_and_a_weak_etag_are_understood(client: httpx.AsyncClient) -> None:
    statuses = [
        (
            await client.put("/api/v1/books/book-1", json={"title": "Roses"}, headers={"If-Match": etag})
        ).status_code
        for etag in ("*", 'W/"7"', '"7"', 'W/"6"')
    ]

    assert statuses == [200, 200, 200, 412]

"""What is refused before there is a request: by a raw socket, as no client library would send it."""

import asyncio
import json

import pytest

from gateway import http_protocol
from tests.gateway.conftest import Running


async def _answer(gateway: Running, *parts: bytes) -> tuple[int, dict[str, str]]:
    """The status and the problem; the gateway must close the connection by itself."""
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in parts:
        writer.write(part)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), json.loads(body)


async def test_what_is_no_http_is_a_problem(gateway: Running) -> None:
    status, problem = await _answer(gateway, b"EHLO example.com\r\n\r\n")

    assert (status, problem["reason"]) == (400, "REQUEST_INVALID")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 40_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 4_000,
    ],
    ids=["path", "one header", "many headers"],
)
async def test_headers_are_refused_before_they_end(gateway: Running, head: bytes) -> None:
    status, problem = await _answer(gateway, head)

    assert (status, problem["reason"]) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "half"])
async def test_headers_that_do_not_come_end_the_connection(
    gateway: Running, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(http_protocol, "HEADERS_SECONDS_MAX", 0.2)

    status, problem = await _answer(gateway, sent)

    assert (status, problem["reason"]) == (408, "REQUEST_TIMEOUT")

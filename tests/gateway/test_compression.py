"""Which answers are made smaller, and for whom."""

import gzip
import json

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from gateway.compression import compressed, takes_gzip

LARGE = json.dumps({"words": ["compost"] * 500}).encode()
ROUTE = "/api/v1/books"


def _json(body: bytes = LARGE, **headers: str) -> Response:
    return Response(body, 200, headers, "application/json")


def test_large_json_is_compressed_and_its_etag_becomes_weak() -> None:
    answer = compressed(_json(ETag='"7"'), ROUTE, "br, gzip")

    assert gzip.decompress(bytes(answer.body)) == LARGE
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["etag"] == 'W/"7"'


@pytest.mark.parametrize("kind", ["text/html", "application/rss+xml", "application/xml"])
def test_pages_and_feeds_for_readers_are_compressed(kind: str) -> None:
    answer = compressed(Response(LARGE, media_type=kind), "/published/{site}", "gzip")

    assert gzip.decompress(bytes(answer.body)) == LARGE


def test_who_takes_no_gzip_gets_it_whole_and_caches_are_told() -> None:
    answer = compressed(_json(), ROUTE, "identity")

    assert answer.body == LARGE
    assert answer.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("response", "route"),
    [
        (_json(b"{}"), ROUTE),
        (Response(LARGE, media_type="image/png"), ROUTE),
        (_json(), "/api/v1/auth/login"),
        (_json(), "/api/v1/api-keys"),
        (Response(LARGE, media_type="text/calendar"), ROUTE),
    ],
    ids=["small", "a file", "tokens", "keys", "a feed with a secret in its address"],
)
def test_the_rest_is_left_as_it_is(response: Response, route: str) -> None:
    assert "content-encoding" not in compressed(response, route, "gzip").headers


def test_a_stream_is_left_as_it_is() -> None:
    stream = StreamingResponse(iter([LARGE]), media_type="application/json")

    assert compressed(stream, ROUTE, "gzip") is stream
    assert "content-encoding" not in stream.headers


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        ("gzip", True),
        ("GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
        ("*, gzip;q=0.0", False),
    ],
)
def test_the_header_is_read_as_it_is_meant(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


async def test_the_reference_comes_compressed(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["openapi"] == "3.1.0"

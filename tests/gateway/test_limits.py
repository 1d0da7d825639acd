"""How many requests a caller and an address may make."""

from collections.abc import Callable

import httpx
import pytest

from chassis.testing.callers import api_key
from chassis.testing.serving import Served
from gateway.limits import KEYS_MAX, Limits, Rate
from gateway.process import Process
from tests.gateway.conftest import bearer, running


class Watch:
    """A monotonic clock that stands."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def limits(watch: Watch) -> Limits:
    """Six a minute."""
    return Limits(Rate("caller", 6), monotonic=watch)


def _waits(limits: Limits, count: int, key: bytes = b"one") -> list[float]:
    found = [limits.take(key) for _ in range(count)]
    return [round(standing.wait_seconds, 3) for standing in found if standing is not None]


def test_a_minutes_requests_may_come_at_once_and_no_more(limits: Limits) -> None:
    assert _waits(limits, 8) == [0, 0, 0, 0, 0, 0, 10, 10]


def test_a_refused_request_does_not_make_the_wait_longer(limits: Limits, watch: Watch) -> None:
    _waits(limits, 20)
    watch.seconds += 10

    assert _waits(limits, 2) == [0, 10]


def test_a_quiet_minute_makes_the_quota_whole(limits: Limits, watch: Watch) -> None:
    _waits(limits, 6)
    watch.seconds += 3_600

    assert _waits(limits, 7) == [0, 0, 0, 0, 0, 0, 10]


def test_keys_are_counted_apart(limits: Limits) -> None:
    _waits(limits, 6)

    assert _waits(limits, 1, b"another") == [0]


def test_the_headers_say_what_is_left_and_when_all_of_it_is_back(limits: Limits) -> None:
    limits.take(b"one")
    standing = limits.take(b"one")

    assert standing is not None
    assert standing.headers == {
        "RateLimit": '"caller";r=4;t=20',
        "RateLimit-Policy": '"caller";q=6;w=60',
    }


def test_no_limit_counts_nothing() -> None:
    assert Limits(Rate("caller", 0)).take(b"one") is None


def test_callers_beyond_what_is_remembered_are_forgotten_oldest_first(limits: Limits) -> None:
    _waits(limits, 6, b"oldest")
    for number in range(KEYS_MAX):
        limits.take(str(number).encode())

    assert _waits(limits, 1, b"oldest") == [0]


async def test_one_request_too_many_is_a_429_that_says_when_to_come_back(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    process = process_for(shelf=shelf_server.target, requests_per_minute=(2, 0))
    async with (
        running(process) as gateway,
        httpx.AsyncClient(base_url=gateway.url, headers=bearer(), timeout=20) as client,
    ):
        answers = [await client.get("/api/v1/books/book-1") for _ in range(3)]
        other = await client.get("/api/v1/books/book-1", headers=bearer(api_key()))
        health = await client.get("/healthz")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["ratelimit"] == '"caller";r=1;t=30'
    assert answers[2].headers["ratelimit"].startswith('"caller";r=0;t=')
    assert 25 <= int(answers[2].headers["retry-after"]) <= 30
    assert answers[2].json()["reason"] == "RATE_LIMITED"
    assert answers[2].json()["metadata"]["of"] == "caller"
    assert other.status_code == 200
    assert health.status_code == 200


async def test_an_address_is_limited_whatever_it_brings(
    process_for: Callable[..., Process], shelf_server: Served
) -> None:
    process = process_for(shelf=shelf_server.target, requests_per_minute=(100, 2))
    async with running(process) as gateway, httpx.AsyncClient(base_url=gateway.url, timeout=20) as client:
        guesses = [{"Authorization": f"Bearer guess-{number}"} for number in range(3)]
        answers = [await client.get("/api/v1/books", headers=guess) for guess in guesses]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert answers[2].json()["metadata"]["of"] == "address"

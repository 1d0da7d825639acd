"""The command line's client: it repeats what may be repeated, and goes on where an event stream was cut off."""

import asyncio
from typing import Any

import httpx
import pytest

from suite import rest
from suite.rest import Api, ApiRefused
from tests.suite.scripted_gateway import answered, gateway, problem

HANG_UP = b""
PASSING = [
    problem(503, "UNAVAILABLE"),
    problem(429, "RATE_LIMITED"),
    problem(504, "DEADLINE_EXCEEDED"),
    problem(409, "CONTENTION"),
    problem(409, "REQUEST_IN_PROGRESS"),
    HANG_UP,
]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "BREATH_SECONDS", 0.0)


async def call(api: Api, verb: str) -> dict[str, Any]:
    match verb:
        case "get":
            return await api.get("/thing")
        case "put":
            return await api.put("/thing", {})
        case "post with a key":
            return await api.post("/thing", {}, key="k")
        case "upload":
            return await api.upload("/thing", b"a,b", "text/csv")
        case _:
            return await api.post("/thing", {})


@pytest.mark.parametrize("failure", PASSING)
@pytest.mark.parametrize("verb", ["get", "put", "post with a key"])
async def test_what_may_be_repeated_is_until_it_succeeds(verb: str, failure: bytes) -> None:
    async with gateway(failure, failure, answered('{"done": true}')) as at, Api(at.url, "key") as api:
        answer = await call(api, verb)

    assert answer == {"done": True}
    assert len(at.asked) == 3
    assert {one.headers["authorization"] for one in at.asked} == {"bearer key"}


@pytest.mark.parametrize("verb", ["post", "upload"])
async def test_what_may_have_happened_is_not_done_twice(verb: str) -> None:
    async with gateway(problem(503), answered("{}")) as at, Api(at.url, "key") as api:
        with pytest.raises(ApiRefused):
            await call(api, verb)

    assert len(at.asked) == 1


async def test_a_lost_answer_to_a_post_without_a_key_is_told() -> None:
    async with gateway(HANG_UP, answered("{}")) as at, Api(at.url, "key") as api:
        with pytest.raises(httpx.TransportError):
            await api.post("/thing")

    assert len(at.asked) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        problem(400, "REQUEST_INVALID"),
        problem(404, "NOT_FOUND"),
        problem(409, "ALREADY_EXISTS"),
        problem(500),
    ],
)
async def test_a_refusal_that_stays_is_raised_at_once(refusal: bytes) -> None:
    async with gateway(refusal, answered("{}")) as at, Api(at.url, "key") as api:
        with pytest.raises(ApiRefused):
            await api.get("/thing")

    assert len(at.asked) == 1


async def test_a_refusal_has_the_sentence_and_the_reason_of_the_problem() -> None:
    async with gateway(problem(400, "REQUEST_INVALID", "The list is empty.")) as at, Api(at.url, "k") as api:
        with pytest.raises(ApiRefused, match=r"^The list is empty\.$") as refused:
            await api.get("/thing")

    assert refused.value.reason == "REQUEST_INVALID"


@pytest.mark.parametrize("body", ["<html>", '["a list"]', ""])
async def test_an_answer_that_is_no_problem_is_told_by_its_status(body: str) -> None:
    async with gateway(answered(body, status=502)) as at, Api(at.url, "k") as api:
        with pytest.raises(ApiRefused, match="answered 502"):
            await api.get("/thing")


async def test_a_service_that_does_not_come_back_is_given_up() -> None:
    async with gateway(problem(503, detail="It starts.")) as at, Api(at.url, "k", attempts_max=3) as api:
        with pytest.raises(ApiRefused, match="It starts"):
            await api.get("/thing")

    assert len(at.asked) == 3


async def test_every_page_of_a_list_is_read() -> None:
    pages = [
        answered('{"things": [{"n": 1}, {"n": 2}], "next_page_token": "more"}'),
        answered('{"things": [{"n": 3}], "next_page_token": ""}'),
    ]
    async with gateway(*pages) as at, Api(at.url, "k") as api:
        found = await api.all("/things", "things", colour="red")

    assert [one["n"] for one in found] == [1, 2, 3]
    assert "page_token=more" in at.asked[1].line
    assert all("colour=red" in one.line for one in at.asked)


STREAM = "text/event-stream"
FIRST = answered(
    ': hello\n\nid: 7\nevent: runs.started\ndata: {"a":\ndata: 1}\n\nid: 8\nevent: cut', media_type=STREAM
)
SECOND = answered('id: 8\nevent: credits.captured\ndata:{"b": 2}\n\n', media_type=STREAM)


async def first_events(api: Api, count: int, types: str = "") -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    async with asyncio.timeout(10):
        async for event in api.events(types):
            found.append(event)
            if len(found) == count:
                break
    return found


async def test_events_go_on_where_the_stream_was_cut_off() -> None:
    async with gateway(FIRST, HANG_UP, problem(503), SECOND) as at, Api(at.url, "k") as api:
        found = await first_events(api, 2, types="runs,credits")

    assert found == [("runs.started", {"a": 1}), ("credits.captured", {"b": 2})]
    assert [one.headers.get("last-event-id") for one in at.asked[:4]] == [None, "7", "7", "7"]
    assert all("types=runs%2Ccredits" in one.line for one in at.asked)


async def test_a_stream_that_is_refused_is_told() -> None:
    async with (
        gateway(problem(401, "UNAUTHENTICATED", "The key is not valid.")) as at,
        Api(at.url, "k") as api,
    ):
        with pytest.raises(ApiRefused, match="The key is not valid"):
            await first_events(api, 1)

    assert len(at.asked) == 1

"""Calls to other services: deadlines, tokens, retries, uploads and downloads, and what a failure becomes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from chassis import deadline, telemetry
from chassis.channel import Channels, service_config, services_beside
from chassis.errors import RemoteRefusal
from chassis.identity import Keyring, TokenVerifier
from chassis.refusal import NotFound, ServiceUnavailable
from chassis.server import Server
from chassis.service_tokens import ServiceTokens, acting_for
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from chassis.testing.serving import SECRET_KEY, Served, serving
from tests.chassis import echo


@pytest.fixture
def servicer() -> echo.EchoServicer:
    return echo.EchoServicer()


@pytest.fixture
async def served(servicer: echo.EchoServicer) -> AsyncIterator[Served]:
    async with serving(echo.added(servicer), service="billing") as running:
        yield running


@pytest.fixture
async def channels() -> AsyncIterator[Channels]:
    """The channels of the AI service."""
    opened = Channels(ServiceTokens(Keyring.from_secret(SECRET_KEY), "ai"))
    yield opened
    await opened.close()


@pytest.fixture
def stub(channels: Channels, served: Served) -> Any:
    return channels.stub("billing", served.target, echo.Stub)


def fail_times(times: int, error: Exception) -> echo.Behaviour:
    """Fails so many times, then answers."""
    left = [times]

    async def behave(request: Any, context: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise error
        return await echo.echo(request, context)

    return behave


async def test_a_service_calls_as_itself_for_the_account_it_acts_for(stub: Any) -> None:
    with acting_for(ACCOUNT_ID):
        answer = await stub.View(echo.Request(text="hello"))

    assert (answer.actor, answer.account_id) == ("service:ai", ACCOUNT_ID)


async def test_outside_an_account_a_service_acts_for_nobody(stub: Any) -> None:
    assert (await stub.Serve(echo.Request())).account_id == ""

    with pytest.raises(RemoteRefusal) as refused:
        await stub.View(echo.Request())

    assert refused.value.reason == "PERMISSION_DENIED"


async def test_a_call_made_while_serving_carries_the_account_of_the_request(
    served: Served, servicer: echo.EchoServicer, channels: Channels
) -> None:
    behind = echo.EchoServicer()
    async with serving(echo.added(behind), service="publisher") as second:
        onward = channels.stub("publisher", second.target, echo.Stub)

        async def forward(request: Any, _context: Any) -> Any:
            return await onward.View(request)

        servicer.behave = forward
        answer = await served.stub(echo.Stub).View(echo.Request(text="hello"))

    assert (answer.text, answer.actor, answer.account_id) == ("hello", "service:ai", ACCOUNT_ID)


async def test_one_trace_goes_through_both_services(stub: Any, servicer: echo.EchoServicer) -> None:
    seen: list[str] = []

    async def look(_request: Any, _context: Any) -> Any:
        seen.append(telemetry.trace_id())
        return echo.Response()

    servicer.behave = look

    with telemetry.span("the test") as around:
        await stub.Serve(echo.Request())

    assert seen == [around.trace.trace_id]


async def test_a_method_that_may_be_repeated_is_retried(stub: Any, servicer: echo.EchoServicer) -> None:
    servicer.behave = fail_times(2, ServiceUnavailable("database"))

    with acting_for(ACCOUNT_ID):
        answer = await stub.Own(echo.Request(text="hello"))

    assert answer.text == "hello"
    assert servicer.calls == ["Own"] * 3


async def test_a_method_that_must_not_be_repeated_is_called_once(
    stub: Any, servicer: echo.EchoServicer
) -> None:
    servicer.behave = fail_times(2, ServiceUnavailable("database"))

    with acting_for(ACCOUNT_ID), pytest.raises(RemoteRefusal) as refused:
        await stub.Edit(echo.Request())

    assert servicer.calls == ["Edit"]
    assert refused.value.reason == "SERVICE_UNAVAILABLE"
    assert refused.value.retryable


async def test_a_final_refusal_is_not_retried(stub: Any, servicer: echo.EchoServicer) -> None:
    servicer.behave = fail_times(9, NotFound(kind="site", id="7"))

    with acting_for(ACCOUNT_ID), pytest.raises(RemoteRefusal, match="No site"):
        await stub.View(echo.Request())

    assert servicer.calls == ["View"]


async def test_retries_stop_while_a_service_is_ill(stub: Any, servicer: echo.EchoServicer) -> None:
    servicer.behave = fail_times(1000, ServiceUnavailable("database"))

    with acting_for(ACCOUNT_ID):
        for _ in range(20):
            with pytest.raises(RemoteRefusal):
                await stub.View(echo.Request())

    assert len(servicer.calls) < 30


async def test_a_method_takes_no_longer_than_its_proto_says(stub: Any, servicer: echo.EchoServicer) -> None:
    async def hang(_request: Any, _context: Any) -> Any:
        await asyncio.Event().wait()

    servicer.behave = hang
    began = time.monotonic()

    with acting_for(ACCOUNT_ID), pytest.raises(RemoteRefusal) as refused:
        await stub.Hurry(echo.Request())

    assert refused.value.reason == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began < 10


async def test_a_call_stays_within_what_the_request_being_served_leaves(
    stub: Any, servicer: echo.EchoServicer
) -> None:
    lefts: list[float | None] = []

    async def look(_request: Any, _context: Any) -> Any:
        lefts.append(deadline.remaining())
        return echo.Response()

    servicer.behave = look

    async def serve() -> None:
        deadline.set_remaining(1.0)
        await stub.Serve(echo.Request())

    await asyncio.create_task(serve())

    assert lefts[0] is not None
    # The wire rounds a timeout up to the millisecond or more; what must hold is that the second is not handed on whole.
    assert 0.5 < lefts[0] < 0.9


async def test_with_no_time_left_a_call_is_not_made(stub: Any, servicer: echo.EchoServicer) -> None:
    async def serve() -> None:
        deadline.set_remaining(0.22)
        await stub.Serve(echo.Request())

    with pytest.raises(RemoteRefusal) as refused:
        await asyncio.create_task(serve())

    assert refused.value.reason == "DEADLINE_EXCEEDED"
    assert servicer.calls == []


async def test_a_service_that_is_not_there_is_unavailable_in_the_time_given(channels: Channels) -> None:
    stub = channels.stub("billing", "127.0.0.1:1", echo.Stub)
    began = time.monotonic()

    with pytest.raises(RemoteRefusal, match="billing service cannot be reached") as refused:
        await stub.Serve(echo.Request(), timeout=0.3)

    assert refused.value.reason == "SERVICE_UNAVAILABLE"
    assert time.monotonic() - began < 10


async def test_a_call_waits_for_a_service_that_is_just_coming_up(
    channels: Channels, servicer: echo.EchoServicer
) -> None:
    async with serving(echo.added(servicer), service="billing") as first:
        target, port = first.target, first.server.port
    stub = channels.stub("billing", target, echo.Stub)
    call = asyncio.ensure_future(stub.Serve(echo.Request(text="hello"), timeout=10))

    server = Server(TokenVerifier(Keyring.from_secret(SECRET_KEY), "billing"))
    server.add_servicer(*echo.added(servicer))
    await server.start(f"127.0.0.1:{port}")
    answer = await call
    await server.stop(0)

    assert answer.text == "hello"


async def test_our_own_token_being_refused_signs_nobody_out(served: Served) -> None:
    stranger = Channels(ServiceTokens(Keyring.from_secret("another secret of another suite " * 2), "ai"))

    with pytest.raises(RemoteRefusal) as refused:
        await stranger.stub("billing", served.target, echo.Stub).Serve(echo.Request())
    await stranger.close()

    assert refused.value.reason == "INTERNAL"


async def test_an_upload_is_answered_once(stub: Any) -> None:
    async def requests() -> AsyncIterator[Any]:
        for text in ("a", "b", "c"):
            yield echo.Request(text=text)

    with acting_for(ACCOUNT_ID):
        answer = await stub.Upload(requests())

    assert answer.text == "abc"


async def test_a_source_that_fails_ends_the_upload_with_its_own_error(stub: Any) -> None:
    async def requests() -> AsyncIterator[Any]:
        yield echo.Request(text="a")
        raise NotFound(kind="file", id="7")

    with acting_for(ACCOUNT_ID), pytest.raises(NotFound, match="No file"):
        await stub.Upload(requests())


async def test_a_download_gives_each_message(stub: Any) -> None:
    with acting_for(ACCOUNT_ID):
        answers = [answer.text async for answer in stub.Download(echo.Request(texts=["a", "b"]))]

    assert answers == ["a", "b"]


async def test_a_download_may_be_left_early(stub: Any) -> None:
    with acting_for(ACCOUNT_ID):
        async with aclosing(stub.Download(echo.Request(texts=["a"] * 1000))) as answers:
            first = await anext(answers)

    assert first.text == "a"


async def test_a_message_that_is_too_large_is_refused_as_such(stub: Any) -> None:
    with acting_for(OTHER_ACCOUNT_ID), pytest.raises(RemoteRefusal) as refused:
        await stub.View(echo.Request(text="x" * 5 * 1024 * 1024))

    assert refused.value.reason == "PAYLOAD_TOO_LARGE"


async def test_two_stubs_of_one_target_share_a_channel(channels: Channels, served: Served) -> None:
    services = services_beside(echo.Stub)

    assert channels.channel("billing", served.target, services) is channels.channel(
        "billing", served.target, []
    )


def test_the_service_config_lists_what_may_be_repeated_and_has_no_timeout() -> None:
    config = json.loads(service_config(services_beside(echo.Stub)))

    (entry,) = config["methodConfig"]
    assert {name["method"] for name in entry["name"]} == {"View", "Own"}
    assert entry["retryPolicy"]["retryableStatusCodes"] == ["UNAVAILABLE"]
    assert "timeout" not in json.dumps(config)

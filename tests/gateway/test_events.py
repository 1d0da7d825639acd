"""The event stream through the real NATS: live, resumed, reset, slow, drained."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from chassis.nats import Bus
from chassis.streams import EVENTS_STREAM, ensure_streams, stream_info
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from gateway import events as events_module
from gateway.feed import QUEUE_SIZE
from gateway.process import Process
from tests.gateway.conftest import KEYRING, Running, bearer, running
from tests.gateway.shelf import DESCRIBED, FILES
from tests.gateway.sse import listening, publish
from tests.kit.streams import SessionNats


async def _first(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    """The first comments of a stream."""
    async for line in lines:
        if line.startswith(":"):
            yield line
            count -= 1
        if not count:
            return


@contextlib.asynccontextmanager
async def _deaf(url: str) -> AsyncIterator[None]:
    """A client that asks for a stream and reads nothing of it."""
    parts = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
    request = f"GET /api/v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: {bearer()['Authorization']}\r\n\r\n"
    await asyncio.get_running_loop().sock_sendall(connection, request.encode())
    yield
    connection.close()


async def test_an_event_reaches_the_open_stream_of_its_account(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await publish(bus, 1)

        event = await stream.event()

    assert stream.answer.headers["content-type"].startswith("text/event-stream")
    assert event.event == "credits.captured"
    assert event.json == {"number": 1}


async def test_events_of_another_account_are_never_seen(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await publish(bus, 1, account_id=OTHER_ACCOUNT_ID)
        await publish(bus, 2)

        event = await stream.event()

    assert event.json == {"number": 2}


async def test_a_stream_holds_the_types_it_asked_for(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer(), types="runs") as stream:
        await stream.block()
        await publish(bus, 1)
        await publish(bus, 2, subject="runs.{}.started")

        event = await stream.event()

    assert event.event == "runs.started"


@pytest.mark.parametrize("types", ["cheese", "", "runs,"])
async def test_a_type_that_does_not_exist_is_refused_with_those_that_do(live: Running, types: str) -> None:
    async with httpx.AsyncClient(base_url=live.url, headers=bearer(), timeout=20) as client:
        answer = await client.get(f"/api/v1/events?types={types}")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "types", "message": "must be of: credits, keys, runs"}]


async def test_a_stream_goes_on_after_the_last_event_without_loss_or_repeat(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await publish(bus, 1)
        last_id = (await stream.event()).id
    for number in range(2, 600):
        await publish(bus, number)
        await publish(bus, number, account_id=OTHER_ACCOUNT_ID)

    async with listening(live.url, bearer(), last_id=last_id) as stream:
        replayed = await stream.events(598)
        await publish(bus, 600)
        following = await stream.event()

    assert [event.json["number"] for event in replayed] == list(range(2, 600))
    assert following.json == {"number": 600}


async def test_events_that_come_while_a_stream_catches_up_are_neither_lost_nor_repeated(
    bus: Bus, live: Running
) -> None:
    # Fewer than a stream's queue holds: on a slow machine all of them may come in while it catches up.
    count = QUEUE_SIZE - 16
    async with listening(live.url, bearer()) as stream:
        start = await stream.block()
    assert start is not None

    async def publish_many() -> None:
        for number in range(count):
            await publish(bus, number)

    publishing = asyncio.create_task(publish_many())
    seen: list[int] = []
    last_id = start.id
    while len(seen) < count:
        async with listening(live.url, bearer(), last_id=last_id) as stream:
            for event in await stream.events(min(50, count - len(seen))):
                seen.append(event.json["number"])
                last_id = event.id
    await publishing

    assert seen == list(range(count))


async def test_a_stream_goes_on_through_another_gateway(
    bus: Bus, live: Running, process_for: Callable[..., Process]
) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await publish(bus, 1)
        last_id = (await stream.event()).id
    await publish(bus, 2)

    async with running(process_for()) as other:
        await until(lambda: other.process.feed.is_live)
        await publish(bus, 3)
        async with listening(other.url, bearer(), last_id=last_id) as stream:
            resumed = await stream.events(2)

    assert [event.json["number"] for event in resumed] == [2, 3]


async def test_a_stream_that_had_no_event_yet_can_be_resumed_too(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        opening = await stream.block()
    await publish(bus, 1)
    assert opening is not None

    async with listening(live.url, bearer(), last_id=opening.id) as stream:
        event = await stream.event()

    assert event.json == {"number": 1}


@pytest.mark.parametrize(
    "last_id", ["nonsense", "abc.1", "{identity}.999999", "{identity}.-1", "{identity}.1e3"]
)
async def test_an_id_that_cannot_be_resumed_from_gets_one_reset(
    bus: Bus, live: Running, last_id: str
) -> None:
    wanted = last_id.format(identity=live.process.feed.identity)

    async with listening(live.url, bearer(), last_id=wanted) as stream:
        first = await stream.event()
        await publish(bus, 1)
        second = await stream.event()

    assert first.event == "reset"
    assert second.json == {"number": 1}


async def test_an_id_that_has_left_the_stream_gets_a_reset(bus: Bus, live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await publish(bus, 1)
        last_id = (await stream.event()).id
    await publish(bus, 2)
    await bus.jetstream.purge_stream(EVENTS_STREAM)
    await publish(bus, 3)

    async with listening(live.url, bearer(), last_id=last_id) as stream:
        first = await stream.event()

    assert first.event == "reset"


async def test_open_streams_are_reset_when_the_stream_of_events_is_made_anew(bus: Bus, live: Running) -> None:
    await publish(bus, 1)
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        await bus.jetstream.delete_stream(EVENTS_STREAM)
        await ensure_streams(bus.jetstream)

        event = await stream.event()

        assert event.event == "reset"
        assert await stream.block() is not None
        assert await stream.block() is None
    async with listening(live.url, bearer(), last_id=event.id) as stream:
        await publish(bus, 2)
        assert (await stream.event()).json == {"number": 2}


async def test_an_event_that_comes_in_while_the_stream_is_looked_at_resets_nobody(
    bus: Bus, live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(bus, 0)
    feed = live.process.feed
    looked = asyncio.Event()

    async def slowly(jetstream: JetStreamContext, stream: str) -> StreamInfo | None:
        info = await stream_info(jetstream, stream)
        await publish(bus, 1)
        assert info is not None
        await until(lambda: feed.position > info.state.last_seq)
        looked.set()
        return info

    async with listening(live.url, bearer()) as stream:
        await stream.block()
        monkeypatch.setattr("gateway.feed.stream_info", slowly)
        await looked.wait()
        monkeypatch.undo()
        await publish(bus, 2)

        heard = await stream.events(2)

    assert [event.json for event in heard] == [{"number": 1}, {"number": 2}]


async def test_a_client_too_far_behind_is_let_go_and_resumes_from_what_it_has(
    bus: Bus, live: Running
) -> None:
    feed = live.process.feed
    subscriber = feed.join(ACCOUNT_ID, "user:slow")
    for number in range(QUEUE_SIZE + 1):
        await publish(bus, number)

    await until(lambda: subscriber.ended)

    assert subscriber.events.get_nowait() is None
    async with listening(live.url, bearer(), last_id=feed.id_of(subscriber.start)) as stream:
        assert len(await stream.events(QUEUE_SIZE + 1)) == QUEUE_SIZE + 1


async def test_a_client_that_never_reads_is_let_go_and_slows_nobody(
    bus: Bus, live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that the one that reads is never taken for deaf on a busy machine.
    monkeypatch.setattr(events_module, "SEND_SECONDS_MAX", 4)
    large = orjson.dumps({"padding": "x" * 200_000})
    async with _deaf(live.url), listening(live.url, bearer()) as stream:
        await stream.block()
        await until(lambda: len(live.process.feed._streams[ACCOUNT_ID]) == 2)
        for _ in range(80):
            await bus.jetstream.publish(f"igny8.v1.credits.{ACCOUNT_ID}.captured", large)

        assert len(await stream.events(80)) == 80
        await until(lambda: len(live.process.feed._streams[ACCOUNT_ID]) == 1)


async def test_open_streams_go_on_when_nats_was_killed_and_started_again() -> None:
    with SessionNats() as server:
        bus = await Bus.connect(server.url, name="test")
        await ensure_streams(bus.jetstream)
        process = Process(
            files=FILES,
            described=DESCRIBED,
            addresses={},
            keyring=KEYRING,
            connect=lambda: Bus.connect(server.url, name="gateway"),
        )
        async with running(process) as found:
            await until(lambda: process.feed.is_live)
            async with listening(found.url, bearer()) as stream:
                await stream.block()
                await publish(bus, 1)
                assert (await stream.event()).json == {"number": 1}
                server.kill()
                await until(lambda: not bus.is_connected)
                server.start_again()
                await until(lambda: bus.is_connected)
                await publish(bus, 2)
                await publish(bus, 3)

                assert [event.json["number"] for event in await stream.events(2)] == [2, 3]
        await bus.close()


async def test_who_missed_more_than_is_replayed_gets_a_reset(
    bus: Bus, live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.feed.REPLAY_EVENTS_MAX", 3)
    async with listening(live.url, bearer()) as stream:
        place = await stream.block()
    assert place is not None
    for number in range(4):
        await publish(bus, number)

    async with listening(live.url, bearer(), last_id=place.id) as stream:
        first = await stream.event()
        async with listening(live.url, bearer(), last_id=first.id) as again:
            await publish(bus, 5)
            following = [await stream.event(), await again.event()]

    assert first.event == "reset"
    assert [event.json for event in following] == [{"number": 5}, {"number": 5}]


async def test_a_quiet_stream_is_kept_open_by_heartbeats(
    live: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "PING_SECONDS", 0.05)
    async with (
        httpx.AsyncClient(base_url=live.url, headers=bearer(), timeout=20) as client,
        client.stream("GET", "/api/v1/events") as answer,
    ):
        lines = answer.aiter_lines()
        beats = [line async for line in _first(lines, 2)]

    assert all(line.startswith(": ping") for line in beats)


async def test_a_draining_gateway_tells_its_clients_to_come_back(live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()
        live.process.drain()

        farewell = await stream.block()
        end = await stream.block()

    assert farewell is not None
    assert int(farewell.retry) >= 1000
    assert end is None


async def test_a_stream_is_no_json(live: Running) -> None:
    async with httpx.AsyncClient(base_url=live.url, headers=bearer(), timeout=20) as client:
        answer = await client.get("/api/v1/events", headers={"Accept": "application/json"})

    assert answer.status_code == 406

"""The connection to NATS waits for its server, comes back by itself, and says when it is over."""

import asyncio

import pytest
from nats.errors import NoServersError

from chassis.nats import Bus
from chassis.streams import JOBS_STREAM, StreamLimits
from tests.kit.streams import SessionNats


async def test_it_waits_for_a_server_that_is_not_there_yet() -> None:
    with SessionNats() as server:
        server.kill()
        connecting = asyncio.create_task(Bus.connect(server.url, name="early"))
        await asyncio.sleep(0)

        server.start_again()
        bus = await asyncio.wait_for(connecting, 10)

        assert bus.is_connected
        await bus.close()


async def test_it_says_at_once_that_nobody_is_there_when_it_need_not_wait() -> None:
    with pytest.raises(NoServersError):
        await Bus.connect("nats://127.0.0.1:1", name="alone", wait=False)


async def test_streams_get_the_limits_of_the_connection(nats_server: SessionNats) -> None:
    bus = await Bus.connect(nats_server.url, name="small", limits=StreamLimits(jobs_bytes_max=1_000_000))

    await bus.ensure_streams()

    assert (await bus.jetstream.stream_info(JOBS_STREAM)).config.max_bytes == 1_000_000
    await bus.close()


async def test_the_end_of_the_connection_is_told_once_it_is_closed_for_good(nats_server: SessionNats) -> None:
    bus = await Bus.connect(nats_server.url, name="ended")
    closed = asyncio.Event()
    bus.on_closed(closed.set)

    await bus.close()
    await bus.close()

    await asyncio.wait_for(closed.wait(), 5)
    assert not bus.is_connected

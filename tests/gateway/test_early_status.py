"""An upload that its service ends in the middle: the service's status is what counts, whatever the write did."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from gateway.early_status import EarlyStatus

PART = b"x" * 60_000


@pytest.fixture
async def channel() -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server that refuses every upload at its first message."""

    async def refuse(requests: AsyncIterator[bytes], context: Any) -> bytes:
        await anext(requests)
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such shelf")
        return b""

    server = grpc.aio.server()
    handler = grpc.stream_unary_rpc_method_handler(refuse)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a.B", {"C": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened
    await server.stop(0)


@pytest.mark.parametrize("pause", [False, True])
async def test_the_status_of_the_service_is_known_every_time(channel: grpc.aio.Channel, pause: bool) -> None:
    said = [await _refused_upload(channel, pause=pause) for _ in range(50)]

    assert {(error.code(), error.details()) for error in said} == {
        (grpc.StatusCode.NOT_FOUND, "no such shelf")
    }


async def _refused_upload(channel: Any, *, pause: bool) -> grpc.aio.AioRpcError:
    call = channel.stream_unary("/a.B/C")()
    early = EarlyStatus(call)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await _send(call, pause=pause)
    return await early.error(raised.value)


async def _send(call: Any, *, pause: bool) -> None:
    """Writes until the call has ended, then asks for its answer."""
    try:
        for _ in range(50):
            await call.write(PART)
            if pause:
                await asyncio.sleep(0)
    except asyncio.InvalidStateError:
        await call
    await call

"""The status of an upload that its service ended early, which grpc.aio loses when a write fails at the same moment.

grpc#36066, open in 1.85: a write that fails because the call has ended puts INTERNAL in place of the status that
the service sent, or stands there until that arrives. Both are mended here.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import grpc

T = TypeVar("T")

ARRIVAL_SECONDS_MAX = 1.0
_WRITE_FAILED = "Internal error from Core"


class EarlyStatus:
    """Watches one call, and knows the status its service gave."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._ended)

    async def error(self, raised: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """What the service said, given what the call raised; the latter when the service said nothing in time."""
        if not _is_of_the_write(raised):
            return raised
        if self._first is not None and not _is_of_the_write(self._first):
            return self._first
        until = asyncio.get_running_loop().time() + ARRIVAL_SECONDS_MAX
        while asyncio.get_running_loop().time() < until:
            said = _status(self._call)
            if not _is_of_the_write(said):
                return said
            await asyncio.sleep(0.005)
        return raised

    def _ended(self, _call: Any) -> None:
        self._first = _status(self._call)


def _status(call: Any) -> grpc.aio.AioRpcError:
    """The status of a call that has ended."""
    return grpc.aio.AioRpcError(
        _result(call.code()),
        _result(call.initial_metadata()),
        _result(call.trailing_metadata()),
        _result(call.details()),
        None,
    )


def _result(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that need not wait, now: a moment later it would be another."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("the call has not ended")


def _is_of_the_write(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.INTERNAL and error.details() == _WRITE_FAILED

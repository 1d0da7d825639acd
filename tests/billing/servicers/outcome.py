"""How a call ended, in one word."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from google.protobuf.message import Message

from chassis.errors import RemoteRefusal

Answer = TypeVar("Answer")


async def outcome(call: Awaitable[object]) -> str:
    """The reason of the refusal, or nothing."""
    try:
        await call
    except RemoteRefusal as refused:
        return refused.reason
    return ""


async def patiently(method: Callable[[Any], Awaitable[Answer]], request: Message) -> Answer:
    """The answer; asked for again with the same request where the method's deadline was too short for the machine."""
    while True:
        try:
            return await method(request)
        except RemoteRefusal as refusal:
            if refusal.reason != "DEADLINE_EXCEEDED":
                raise

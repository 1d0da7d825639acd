"""How a call ended, in one word."""

from collections.abc import Awaitable

from chassis.errors import RemoteRefusal


async def refusal(call: Awaitable[object]) -> str:
    """The reason of the refusal, or nothing."""
    try:
        await call
    except RemoteRefusal as refused:
        return refused.reason
    return ""

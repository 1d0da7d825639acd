"""Patience with our own services: a call that may succeed later is made again while the lease is kept alive."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from chassis.errors import RemoteRefusal
from chassis.refusal import Contention, DeadlineExceeded, Overloaded, Refusal, ServiceUnavailable

T = TypeVar("T")

ATTEMPTS_MAX: Final = 12
WAIT_SECONDS_MAX: Final = 8.0
"""Twelve attempts with waits up to this are a little over a minute: longer than any restart of a service."""


async def patiently(
    call: Callable[[], Awaitable[T]], randomness: random.Random, *, attempts: int = ATTEMPTS_MAX
) -> T:
    """Makes an idempotent call until it is answered or refused for good; then raises what it raised last."""
    for attempt in range(1, attempts):
        try:
            return await call()
        except Refusal as refusal:
            if not passing(refusal):
                raise
        await asyncio.sleep(min(WAIT_SECONDS_MAX, 0.1 * 2**attempt) * randomness.uniform(0.5, 1.0))
    return await call()


def passing(refusal: Refusal) -> bool:
    """Whether one of our own services could not serve just now, so that the same call may succeed later."""
    if isinstance(refusal, RemoteRefusal):
        return refusal.retryable or fault_of_ours(refusal)
    return isinstance(refusal, Contention | DeadlineExceeded | Overloaded | ServiceUnavailable)


def fault_of_ours(refusal: Refusal) -> bool:
    """Whether a service failed by a fault of its own. It may be the call's doing, so it is not repeated for ever."""
    return refusal.reason == "INTERNAL"

"""Waiting for a condition, in place of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def until(condition: Callable[[], Awaitable[T]], *, timeout_seconds: float = ...) -> T: ...
@overload
async def until(condition: Callable[[], T], *, timeout_seconds: float = ...) -> T: ...
async def until(condition: Callable[[], Any], *, timeout_seconds: float = 60.0) -> Any:
    """Asks again and again until the condition's value is true, and returns it.

    Raises AssertionError with the last value after the timeout.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{condition} was still {value!r} after {timeout_seconds:g} s")
        await asyncio.sleep(0.01)

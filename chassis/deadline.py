"""The deadline of the request being served, so that every call made for it can stay inside."""

import time
from contextvars import ContextVar

CALL_SECONDS_DEFAULT = 5.0
"""How long a call may take where its method does not say."""

HOP_RESERVE_SECONDS = 0.2
"""What a service keeps of its caller's time for itself, so that it can still answer when its own call fails."""

LEAST_SECONDS = 0.05
"""With less than this left a call is not worth making."""

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def set_remaining(seconds: float) -> None:
    """Notes, for the rest of this task, how many seconds the request being served may still take."""
    _deadline.set(time.monotonic() + seconds)


def remaining() -> float | None:
    """Seconds left to answer the request being served; None outside a request."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


def for_call(cap_seconds: float) -> float:
    """Seconds that a call made now may take: its own cap, within what the request leaves less a reserve."""
    left = remaining()
    return cap_seconds if left is None else min(cap_seconds, left - HOP_RESERVE_SECONDS)

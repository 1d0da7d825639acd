"""When the next call to a model may begin: a bucket of turns, and a breaker. Both are told the time, in seconds."""

from collections import deque
from typing import Final

CALLS_JUDGED: Final = 20
FAILED_SHARE: Final = 0.5
OPEN_SECONDS: Final = 30.0


class Bucket:
    """Turns that come back at an even rate; a second's worth of them may be taken at once."""

    def __init__(self, per_minute: int) -> None:
        """No limit when `per_minute` is 0."""
        self._interval = 60 / per_minute if per_minute else 0.0
        self._ahead = self._interval * (max(1, per_minute // 60) - 1)
        self._next = 0.0

    def take(self, now: float) -> float:
        """Takes a turn, and gives the seconds until it."""
        # The generic cell rate algorithm: `_next` is when the turn after this one would come at an even rate.
        due = max(self._next, now)
        self._next = due + self._interval
        return max(0.0, due - self._ahead - now)


class Breaker:
    """Opens when half of the last 20 calls failed; after 30 seconds one call is let through and decides."""

    def __init__(self) -> None:
        self._fine: deque[bool] = deque(maxlen=CALLS_JUDGED)
        self._open_until: float | None = None
        self._probing = False

    def withheld(self, now: float) -> float:
        """Seconds that a call should not be made for; 0 when it may be."""
        if self._open_until is None:
            return 0.0
        if self._probing:
            return OPEN_SECONDS / 2
        return max(0.0, self._open_until - now)

    def begin(self) -> bool:
        """A call that was not withheld begins; whether it is the one that decides."""
        self._probing = self._open_until is not None
        return self._probing

    def end(self, *, fine: bool | None, probe: bool, now: float) -> None:
        """A call ended; None means that it says nothing about the provider."""
        if probe:
            self._probing = False
            if fine is not None:
                self._fine.clear()
                self._open_until = None if fine else now + OPEN_SECONDS
        elif fine is not None and self._open_until is None:
            self._fine.append(fine)
            failed = self._fine.count(False)
            if len(self._fine) == CALLS_JUDGED and failed >= FAILED_SHARE * CALLS_JUDGED:
                self._open_until = now + OPEN_SECONDS

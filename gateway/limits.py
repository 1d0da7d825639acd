"""How many requests a caller may make: a rate for each caller and each address, counted in this process (GCRA)."""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW_SECONDS: Final = 60

KEYS_MAX: Final = 50_000
"""So many callers are remembered; the one unseen for longest is forgotten first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a minute, all at once if need be. 0 means no limit."""

    name: str
    per_minute: int

    @property
    def interval(self) -> float:
        """Seconds in which one more request comes free."""
        return WINDOW_SECONDS / self.per_minute

    @property
    def policy(self) -> str:
        """The item of the header RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10, section 3)."""
        return f'"{self.name}";q={self.per_minute};w={WINDOW_SECONDS}'


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands after a request."""

    rate: Rate
    left: int
    """Requests that could follow at once."""
    reset_seconds: int
    """Until the whole quota is there again."""
    wait_seconds: float
    """Above 0 for a request too many: it would be let through after so long."""

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, both structured fields."""
        return {
            "RateLimit": f'"{self.rate.name}";r={self.left};t={self.reset_seconds}',
            "RateLimit-Policy": self.rate.policy,
        }


class Limits:
    """Counts one rate by key. Each key costs one number: the time at which its quota is whole again."""

    def __init__(self, rate: Rate, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._whole_at: OrderedDict[bytes, float] = OrderedDict()

    def take(self, key: bytes) -> Standing | None:
        """Counts a request, unless it is one too many; None where there is no limit."""
        rate = self._rate
        if not rate.per_minute:
            return None
        now = self._monotonic()
        whole_at = max(self._whole_at.pop(key, now), now)
        wait = whole_at + rate.interval - now - WINDOW_SECONDS
        # Less than a microsecond is rounding, not a request too many.
        if wait < 1e-6:
            whole_at, wait = whole_at + rate.interval, 0.0
        self._whole_at[key] = whole_at
        if len(self._whole_at) > KEYS_MAX:
            self._whole_at.popitem(last=False)
        used = whole_at - now
        left = int((WINDOW_SECONDS - used) / rate.interval + 1e-6)
        return Standing(rate, left, math.ceil(used), wait)


class Admission:
    """Counts a request for its address and, where it brings a credential, for that."""

    def __init__(self, *, per_caller: Limits, per_address: Limits) -> None:
        self._per_caller = per_caller
        self._per_address = per_address

    def take(self, credential: str, address: str) -> Standing | None:
        """Where the request stands: with its address when that has no more, else with its credential."""
        standing = self._per_address.take(address.encode())
        if not credential or (standing is not None and standing.wait_seconds):
            return standing
        # A credential is counted as it comes: which ones are good is seen later, and costs more.
        return self._per_caller.take(hashlib.sha256(credential.encode()).digest()) or standing


def admission(*, per_caller: int, per_address: int) -> Admission:
    """Limits of so many requests a minute; 0 means none."""
    return Admission(
        per_caller=Limits(Rate("caller", per_caller)), per_address=Limits(Rate("address", per_address))
    )

"""The gate before one model of one provider: every call passes it, within its limits, and is counted."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from prometheus_client import Counter

from services.ai.providers.limits import Limits
from services.ai.providers.pace import Breaker, Bucket
from services.ai.providers.port import (
    Progressed,
    ProviderBusy,
    ProviderError,
    ProviderFinal,
    ProviderMalformed,
    ProviderRetryable,
)

GRACE_SECONDS: Final = 0.25
"""Beside the deadline that a provider is given, so that its own error about it comes first."""

PROGRESS_SHARE_MAX: Final = 5
"""An answer that comes in parts may take so many times as long as one that comes at once."""

REQUESTS: Final = Counter(
    "provider_requests", "Calls to model providers, by how they ended.", ["provider", "outcome"]
)

_OUTCOMES: Final[tuple[tuple[type[ProviderError], str], ...]] = (
    (ProviderBusy, "busy"),
    (ProviderRetryable, "unavailable"),
    (ProviderFinal, "refused"),
    (ProviderMalformed, "malformed"),
)


class Gate:
    """Lets so many calls through at once and a minute, and none for a while where the model has broken down."""

    def __init__(
        self,
        provider: str,
        limits: Limits,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.limits = limits
        self.provider = provider
        self._now = now
        self._sleep = sleep
        self._slots = asyncio.Semaphore(limits.calls_at_once)
        self._bucket = Bucket(limits.calls_per_minute)
        self._breaker = Breaker()
        self._quiet_until = 0.0

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[Progressed]:
        """One call is made inside, which says when it progressed.

        Raises ProviderRetryable when none may be made, or it does not end in time.
        """
        async with self._slots:
            await self._turn()
            self._refuse_while_broken()
            probe = self._breaker.begin()
            fine, outcome = None, "cut_short"
            try:
                async with self._in_time() as progressed:
                    yield progressed
                fine, outcome = True, "answered"
            except ProviderError as error:
                # Whoever answers is well, whatever the answer; a timeout, a reset or a 500 is none.
                fine = not isinstance(error, ProviderRetryable) or isinstance(error, ProviderBusy)
                outcome = next(name for kind, name in _OUTCOMES if isinstance(error, kind))
                if isinstance(error, ProviderBusy):
                    self._keep_quiet(error.retry_after_seconds or 0.0)
                raise
            finally:
                self._breaker.end(fine=fine, probe=probe, now=self._now())
                REQUESTS.labels(self.provider, outcome).inc()

    async def _turn(self) -> None:
        """Waits for a turn, and as long as the model has asked to be left alone for, be it while somebody waited.

        A turn that comes while the model is left alone is none: after that all would begin at once.
        """
        while True:
            while (quiet := self._quiet_until - self._now()) > 0:
                await self._sleep(quiet)
            wait = self._bucket.take(self._now())
            if wait > 0:
                await self._sleep(wait)
            if self._quiet_until <= self._now():
                return

    def _keep_quiet(self, seconds: float) -> None:
        self._quiet_until = max(self._quiet_until, self._now() + min(seconds, self.limits.wait_seconds_max))

    def _refuse_while_broken(self) -> None:
        wait = self._breaker.withheld(self._now())
        if wait > 0:
            REQUESTS.labels(self.provider, "withheld").inc()
            raise ProviderRetryable(
                f"{self.provider} has failed too often just now and is left alone for a moment.",
                provider=self.provider,
                retry_after_seconds=round(wait, 3),
            )

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[Progressed]:
        """Ends a call that its provider does not end by itself; one that progresses gets its time anew, within bounds."""
        seconds, now = self.limits.call_seconds_max, asyncio.get_running_loop().time
        end = now() + seconds * PROGRESS_SHARE_MAX + GRACE_SECONDS
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS) as limit:
                yield lambda: limit.reschedule(min(now() + seconds + GRACE_SECONDS, end))
        except TimeoutError:
            raise ProviderRetryable(
                f"{self.provider} did not answer within {seconds:g} seconds.",
                provider=self.provider,
                maybe_paid=True,
                metadata={"seconds": f"{seconds:g}"},
            ) from None

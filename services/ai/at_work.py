"""One execution while its items are done: how many at once, and whether a further one may begin."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from services.ai.domain.task import AiTask
from services.ai.providers.port import ProviderKeyMissing, ProviderKeyRefused
from services.ai.store.leases import Lease
from services.ai.usecases.item_steps import Completed

ITEMS_BY_CALLS: Final = 3
"""Items of one execution that are worked on at once, by the calls at once that their model allows: while as many as
may be called are at the provider, twice as many are journalled, saved, captured and noted, each step together with
others, so the provider never waits for us."""


class Stopped(Exception):
    """The task was cancelled before the item began, or its turn was over."""


class TurnOver(Exception):
    """Items are left for another turn, with their hold."""


class AtWork:
    """One execution while its items are done."""

    def __init__(
        self,
        *,
        task: AiTask,
        lease: Lease,
        calls_at_once: int,
        sure_seconds: float,
        held_at: datetime,
        turn_ends_at: datetime | None = None,
    ) -> None:
        self.task = task
        self.lease = lease
        self.items = asyncio.Semaphore(calls_at_once * ITEMS_BY_CALLS)
        self.calls = asyncio.Semaphore(calls_at_once)
        self.cancelling = task.cancelling
        self.no_key: ProviderKeyRefused | ProviderKeyMissing | None = None
        """Why no call of this execution can be made any more."""
        self.held_at = held_at
        """When the hold was taken or extended; changed under `holding`."""
        self.holding = asyncio.Lock()
        self.turn_ends_at = turn_ends_at
        """From then on no item is begun; None where all may be."""
        self.turn_over = False
        """Whether an item was not begun because of that."""
        self.last: Completed | None = None
        """The end of its only item, not noted yet: its one capture was the last, so its hold has nothing to give back."""
        self._asking = asyncio.Lock()
        self._sure_at = time.monotonic()
        self._sure_seconds = sure_seconds

    def hear(self, task: AiTask) -> None:
        """The task log as it was a moment ago, which the end of an item tells."""
        self.cancelling |= task.cancelling
        self._sure_at = time.monotonic()

    async def check_may_begin(self, read: Callable[[], Awaitable[AiTask]], *, now: datetime) -> None:
        """Raises Stopped when the execution was cancelled or has had its turn; one of a run never is or has."""
        if self.task.run_id is None:
            async with self._asking:
                if time.monotonic() - self._sure_at > self._sure_seconds and not self.cancelling:
                    self.cancelling, self._sure_at = (await read()).cancelling, time.monotonic()
        if self.cancelling:
            raise Stopped
        if self.turn_ends_at is not None and now >= self.turn_ends_at:
            self.turn_over = True
            raise Stopped

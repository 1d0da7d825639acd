"""Loops beside the server: each is restarted with back-off when it fails, and cancelled when the process ends."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from prometheus_client import Counter

from chassis import logs, telemetry

BACKOFF_SECONDS_MIN: Final = 0.5
BACKOFF_SECONDS_MAX: Final = 30.0
SOUND_SECONDS: Final = 60.0
"""A loop that ran so long before it failed starts again with the least back-off."""

AGAIN_SECONDS: Final = 1.0

RESTARTS = Counter("background_restarts_total", "Background loops started again after a failure.", ["task"])

Loop = Callable[[], Awaitable[None]]


class Background:
    """The background loops of a process."""

    def __init__(self, *, backoff_seconds_min: float = BACKOFF_SECONDS_MIN) -> None:
        self._backoff_seconds_min = backoff_seconds_min
        self._randomness = random.SystemRandom()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, loop: Loop) -> None:
        """Runs a loop from now on. One that returns has ended; one that raises is started again."""
        assert name not in self._tasks, f"there is a background loop called {name} already"
        self._tasks[name] = asyncio.create_task(self._supervised(name, loop), name=name)

    def __contains__(self, name: str) -> bool:
        return name in self._tasks

    async def stop(self, names: Iterable[str] | None = None, *, timeout_seconds: float) -> None:
        """Cancels the named loops, by default all, and waits for their clean-up; those later are cancelled anew.

        What is not over a second after that is left.
        """
        chosen = [self._tasks.pop(name) for name in list(names if names is not None else self._tasks)]
        for task in chosen:
            task.cancel()
        if chosen:
            _, late = await asyncio.wait(chosen, timeout=timeout_seconds)
            if late:
                # One may have lost its cancellation in a library: `asyncio.wait_for` before Python 3.12 does, where
                # what it waits for comes at the same moment. It would go on for as long as the process.
                for task in late:
                    task.cancel()
                _, late = await asyncio.wait(late, timeout=AGAIN_SECONDS)
            for task in late:
                logs.get_logger().warning("a background loop did not end in time", task=task.get_name())

    async def _supervised(self, name: str, loop: Loop) -> None:
        backoff = self._backoff_seconds_min
        while True:
            began = time.monotonic()
            try:
                await loop()
                return
            except Exception:
                if time.monotonic() - began > SOUND_SECONDS:
                    backoff = self._backoff_seconds_min
                RESTARTS.labels(name).inc()
                logs.get_logger().exception(
                    "a background loop failed and will start again",
                    task=name,
                    retry_in_seconds=round(backoff, 2),
                )
            await asyncio.sleep(backoff * self._randomness.uniform(0.8, 1.2))
            backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)


async def measure_loop_lag(*, every_seconds: float = 1.0) -> None:
    """Keeps `event_loop_lag_seconds` true: how late a timer runs is how long something blocked the loop."""
    while True:
        due = time.monotonic() + every_seconds
        await asyncio.sleep(every_seconds)
        telemetry.LOOP_LAG_SECONDS.set(max(time.monotonic() - due, 0))

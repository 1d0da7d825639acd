"""How a process ends: the first signal asks it to finish its work, the second ends it at once."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chassis import logs

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
EXIT_AT_ONCE: Final = 130


class Shutdown:
    """Whether the process was asked to end, and why."""

    def __init__(self) -> None:
        self.reason = ""
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Whether it was asked to."""
        return self._asked.is_set()

    def ask(self, reason: str) -> None:
        """Asks it; the first reason stands."""
        if not self._asked.is_set():
            self.reason = reason
            self._asked.set()

    async def wait(self, *, timeout_seconds: float | None = None) -> bool:
        """Waits until it is asked, or so long; returns whether it was."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._asked.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """While inside, SIGTERM and SIGINT ask. For the main thread's event loop."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    def _signalled(self, number: signal.Signals) -> None:
        if self.asked:
            logs.get_logger().warning("ending at once, at the second signal", signal=number.name)
            # Whoever asks twice does not want to wait for threads either, as sys.exit would.
            os._exit(EXIT_AT_ONCE)
        self.ask(number.name)

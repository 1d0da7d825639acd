"""A bell that any thread may ring and one coroutine waits for."""

import asyncio


class Wakeup:
    """Rings are remembered until the next wait, and many rings before it are one."""

    def __init__(self) -> None:
        self._rung = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event: asyncio.Event | None = None

    def ring(self) -> None:
        """Wakes the waiter; from any thread, and cheap when it is already awake."""
        if self._rung:
            return
        self._rung = True
        loop, event = self._loop, self._event
        if loop is not None and event is not None and not loop.is_closed():
            loop.call_soon_threadsafe(event.set)

    async def wait(self, *, timeout_seconds: float) -> bool:
        """Waits for a ring since the last wait; returns whether there was one."""
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()
        if not self._rung:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._event.wait()
            except TimeoutError:
                return False
        # Only the bell is cleared here, before the caller looks for work: a later ring is for later work.
        self._rung = False
        return True

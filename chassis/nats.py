"""The connection to NATS: it reconnects for ever, notices a dead server soon, and tells who wants to know."""

import logging
from collections.abc import Callable
from typing import Self, cast

from nats.aio.client import Client
from nats.js import JetStreamContext
from prometheus_client import Counter

from chassis.streams import StreamLimits, ensure_streams

ERRORS = Counter("nats_errors_total", "Errors reported by the NATS client, lost connections among them.")

_log = logging.getLogger(__name__)


class Bus:
    """One connection of the process to NATS, with JetStream."""

    def __init__(
        self, client: Client, *, limits: StreamLimits | None = None, jetstream_timeout_seconds: float = 2.0
    ) -> None:
        self.client = client
        self.jetstream: JetStreamContext = client.jetstream(timeout=jetstream_timeout_seconds)
        self._limits = limits or StreamLimits()
        self._on_reconnect: list[Callable[[], None]] = []
        self._on_closed: list[Callable[[], None]] = []

    @classmethod
    async def connect(
        cls, url: str, *, name: str, wait: bool = True, limits: StreamLimits | None = None
    ) -> Self:
        """Connects; with `wait` it keeps trying until the server is there (bound it with asyncio.timeout).

        `limits` are what the streams get wherever they are made over this connection. Without `wait`, raises
        nats.errors.NoServersError.
        """
        bus = cls(Client(), limits=limits)
        await bus.client.connect(
            servers=url,
            name=name,
            allow_reconnect=True,
            max_reconnect_attempts=-1 if wait else 1,
            # Annotated as whole seconds, and only ever slept for.
            reconnect_time_wait=cast(int, 0.5),
            connect_timeout=2,
            ping_interval=10,
            max_outstanding_pings=2,
            drain_timeout=10,
            # A publish waits for its acknowledgement, so nothing is gained by keeping many for a server that is away.
            pending_size=8 * 1024 * 1024,
            error_cb=bus._count_error,
            reconnected_cb=bus._tell_reconnected,
            closed_cb=bus._tell_closed,
        )
        return bus

    @property
    def is_connected(self) -> bool:
        return self.client.is_connected

    async def ensure_streams(self) -> None:
        """Makes the streams that are missing; raises nats.errors.Error when the server cannot."""
        await ensure_streams(self.jetstream, self._limits)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Calls back on the event loop after every reconnection."""
        self._on_reconnect.append(callback)

    def on_closed(self, callback: Callable[[], None]) -> None:
        """Calls back when the connection is closed for good, which a process should not outlive."""
        self._on_closed.append(callback)

    async def close(self) -> None:
        """Sends what is unsent, then closes."""
        if self.client.is_closed:
            return
        if self.client.is_connected:
            await self.client.drain()
        else:
            await self.client.close()

    async def _count_error(self, error: Exception) -> None:
        ERRORS.inc()
        _log.warning("NATS: %s", error or type(error).__name__)

    async def _tell_reconnected(self) -> None:
        for callback in self._on_reconnect:
            callback()

    async def _tell_closed(self) -> None:
        for callback in self._on_closed:
            callback()

"""Finds what a stream has lost since the relay published it, and lets the relay publish it again."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError
from prometheus_client import Counter

from chassis.nats import Bus
from chassis.relay_store import RelayStore, Stored
from chassis.streams import EVENTS_AGE_SECONDS_MAX, EVENTS_STREAM, JOBS_STREAM, stream_info

AGE_SECONDS_MAX: Final = {EVENTS_STREAM: EVENTS_AGE_SECONDS_MAX, JOBS_STREAM: 86_400}
"""Older rows are not published again: a stream drops such events, and such a job has long been taken up otherwise."""

REPUBLISHED = Counter("reconcile_republished_total", "Outbox rows published again after a loss.", ["stream"])

_log = logging.getLogger(__name__)


class Reconciler:
    """Compares the outbox with the streams.

    Finds a stream that was made anew, and a lost tail (a power cut before the disk had it), also when other
    services have published past it since. A hole in the middle is not looked for.
    """

    def __init__(
        self,
        bus: Bus,
        store: RelayStore,
        in_thread: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self._bus = bus
        self._store = store
        self._in_thread = in_thread

    async def reconcile(self) -> int:
        """Makes missing streams, and returns how many rows are to be published again."""
        await self._bus.ensure_streams()
        return sum([await self._reconcile(stream) for stream in (EVENTS_STREAM, JOBS_STREAM)])

    async def _reconcile(self, stream: str) -> int:
        info = await stream_info(self._bus.jetstream, stream)
        if info is None:
            return 0
        made_at = info.created.isoformat() if info.created else ""
        known = await self._in_thread(lambda: self._store.made_at(stream))
        if known == made_at:
            intact_until = await self._intact_until(stream, info)
        else:
            intact_until = 0 if known is not None else None
        lost = await self._publish_again(stream, intact_until)
        if known != made_at:
            # Only now: a crash before this repeats the comparison.
            await self._in_thread(lambda: self._store.remember(stream, made_at=made_at))
        return lost

    async def _publish_again(self, stream: str, intact_until: int | None) -> int:
        if intact_until is None:
            return 0
        lost: int = await self._in_thread(
            lambda: self._store.publish_again(
                stream, after=intact_until, younger_than_seconds=AGE_SECONDS_MAX[stream]
            )
        )
        if lost:
            REPUBLISHED.labels(stream).inc(lost)
            _log.warning(
                "%s lost %d messages after sequence %d; they are published again.", stream, lost, intact_until
            )
        return lost

    async def _intact_until(self, stream: str, info: StreamInfo) -> int | None:
        """The sequence after which rows are lost; None when nothing is."""
        last: Stored | None = await self._in_thread(lambda: self._store.last_stored(stream))
        if last is None:
            return None
        if last.stream_seq > info.state.last_seq:
            return await self._last_intact(stream, first=info.state.first_seq, beyond=info.state.last_seq)
        if await self._is_intact(stream, last):
            return None
        return await self._last_intact(stream, first=info.state.first_seq, beyond=last.stream_seq - 1)

    async def _last_intact(self, stream: str, *, first: int, beyond: int) -> int:
        """The highest sequence up to which our rows are what the stream holds, by bisection: a loss is a tail."""
        low, high = first - 1, beyond
        while low < high:
            middle = (low + high + 1) // 2
            row: Stored | None = await self._in_thread(partial(self._store.first_stored_from, stream, middle))
            if row is None or row.stream_seq > high:
                high = middle - 1
            elif await self._is_intact(stream, row):
                low = row.stream_seq
            else:
                high = middle - 1
        return low

    async def _is_intact(self, stream: str, row: Stored) -> bool:
        try:
            message = await self._bus.jetstream.get_msg(stream, row.stream_seq)
        except NotFoundError:
            # Taken from the work queue, or dropped by age: whoever is gone cannot be somebody else.
            return True
        return (message.headers or {}).get("Nats-Msg-Id") == row.event_id

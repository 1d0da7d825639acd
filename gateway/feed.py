"""The live events of the suite: one JetStream consumer for the process, handed to the open streams of each account."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamInfo
from nats.js.errors import Error as JetStreamError
from prometheus_client import Counter, Gauge

from chassis.nats import Bus
from chassis.refusal import ServiceUnavailable
from chassis.streams import EVENTS_STREAM, stream_info
from gateway.refusals import TooManyStreams

QUEUE_SIZE = 256
STREAMS_PER_CALLER = 20
STREAMS_PER_ACCOUNT = 100
REPLAY_EVENTS_MAX = 10_000
"""A client that missed more than this gets a `reset`: reading its pages again is cheaper for both."""

WATCH_SECONDS = 2.0
RETRY_SECONDS = 1.0
REPLAY_BATCH = 256

OPEN_STREAMS = Gauge("sse_open", "Event streams that are open.")
DROPPED_SLOW = Counter("sse_dropped_slow_total", "Event streams closed because their client read too slowly.")

_log = logging.getLogger(__name__)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


Connect = Callable[[], Awaitable[Bus]]
"""Connects to NATS, waiting for as long as that takes."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as the streams send it; `frame` is made once for all who get it."""

    sequence: int
    id: str
    domain: str
    name: str
    """`<domain>.<event>`."""
    data: bytes
    frame: bytes


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream. `events` holds None where the stream must end."""

    account_id: str
    actor: str
    start: int
    """The position of the feed when this stream joined: it gets every later event."""
    events: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE))
    ended: bool = False
    was_reset: bool = False

    def offer(self, event: Event) -> None:
        """Queues an event; a client that is 256 events behind is let go, to resume from what it has."""
        if self.ended:
            return
        try:
            self.events.put_nowait(event)
        except asyncio.QueueFull:
            DROPPED_SLOW.inc()
            self.end()

    def end(self, *, reset: bool = False) -> None:
        """Ends the stream at the next read; what is still queued is not sent, the client resumes before it."""
        self.ended = True
        self.was_reset = reset
        while not self.events.empty():
            self.events.get_nowait()
        self.events.put_nowait(None)


class Feed:
    """The process's one consumer of IGNY8_EVENTS and the open streams it feeds."""

    def __init__(
        self,
        connect: Connect,
        *,
        streams_per_caller: int = STREAMS_PER_CALLER,
        streams_per_account: int = STREAMS_PER_ACCOUNT,
    ) -> None:
        """The limits are those of streams that are open at the same time, in this process."""
        self._connect = connect
        self._streams_per_caller = streams_per_caller
        self._streams_per_account = streams_per_account
        self._connected: Bus | None = None
        self._streams: dict[str, list[Subscriber]] = defaultdict(list)
        self._subscription: JetStreamContext.PushSubscription | None = None
        self.identity = ""
        self.position = 0
        """Sequence of the last event handed out."""
        self._seen = (0, 0)
        """When it was looked at before: the last sequence of the stream, and the position then."""
        self._reconnected = asyncio.Event()
        self._draining = False

    @property
    def is_live(self) -> bool:
        """Whether events are coming in."""
        return bool(self.identity) and self._connected is not None and self._connected.is_connected

    @property
    def _bus(self) -> Bus:
        if self._connected is None:
            raise ServiceUnavailable("events")
        return self._connected

    async def run(self) -> None:
        """Keeps the consumer going for ever: waits for the stream, follows it, notices when it was made anew."""
        if self._connected is None:
            self._connected = await self._connect()
            self._connected.on_reconnect(self._follow_again)
        while True:
            try:
                await self._watch()
            except (nats.errors.Error, JetStreamError, TimeoutError) as error:
                _log.warning("the event feed is interrupted: %s", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS if self.identity else RETRY_SECONDS):
                    await self._reconnected.wait()

    def _follow_again(self) -> None:
        """A server that was started again has forgotten our consumer, which lives in its memory."""
        self._reconnected.set()

    async def _watch(self) -> None:
        # Events go on coming in while the answer is on its way: only what was there before it was asked for is behind it.
        position = self.position
        info = await stream_info(self._bus.jetstream, EVENTS_STREAM)
        if info is None:
            return
        replaced = self.identity not in ("", identity_of(info)) or info.state.last_seq < position
        # Whoever is behind and moves is only busy; to set the consumer up again would set it back further.
        last_then, position_then = self._seen
        stalled = last_then > position == position_then or self._reconnected.is_set()
        self._seen = (info.state.last_seq, position)
        if self.identity and not replaced and not stalled:
            return
        await self._unsubscribe()
        if replaced or not self.identity:
            self.position = info.state.last_seq
        self._subscription = await self._bus.jetstream.subscribe(
            "igny8.v1.>",
            stream=EVENTS_STREAM,
            ordered_consumer=True,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self.position + 1
            ),
            cb=self._received,
        )
        self.identity = identity_of(info)
        self._reconnected.clear()
        if replaced:
            for subscriber in self._all():
                subscriber.end(reset=True)

    async def _received(self, message: Msg) -> None:
        sequence = message.metadata.sequence.stream
        # A consumer that was set up again may repeat what we had.
        if sequence <= self.position:
            return
        self.position = sequence
        account_id = message.subject.split(".")[3]
        subscribers = self._streams.get(account_id)
        if subscribers:
            event = self._event(message)
            for subscriber in tuple(subscribers):
                subscriber.offer(event)

    def _event(self, message: Msg) -> Event:
        _, _, domain, _, name = message.subject.split(".", 4)
        sequence = message.metadata.sequence.stream
        id = self.id_of(sequence)
        head = f"id: {id}\nevent: {domain}.{name}\n".encode()
        data = b"".join(b"data: " + line + b"\n" for line in message.data.splitlines() or [b""])
        return Event(sequence, id, domain, f"{domain}.{name}", message.data, head + data + b"\n")

    def id_of(self, sequence: int) -> str:
        """The opaque id of a place in the stream."""
        return f"{self.identity}.{sequence}"

    def join(self, account_id: str, actor: str) -> Subscriber:
        """Opens a stream of the account's events from now on; `leave` must follow.

        Raises ServiceUnavailable while there is no feed, TooManyStreams beyond the limits.
        """
        if self._draining or not self.identity:
            raise ServiceUnavailable("events")
        there = self._streams[account_id]
        if len(there) >= self._streams_per_account:
            raise TooManyStreams(self._streams_per_account, of="account")
        if sum(one.actor == actor for one in there) >= self._streams_per_caller:
            raise TooManyStreams(self._streams_per_caller, of="caller")
        subscriber = Subscriber(account_id, actor, self.position)
        there.append(subscriber)
        OPEN_STREAMS.inc()
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Forgets a stream."""
        there = self._streams.get(subscriber.account_id, [])
        if subscriber in there:
            there.remove(subscriber)
            OPEN_STREAMS.dec()
        if not there:
            self._streams.pop(subscriber.account_id, None)

    async def since(self, account_id: str, last_id: str) -> AsyncGenerator[Event, None]:
        """The account's events after a place in the stream, up to now.

        Raises LookupError when that place is unknown, gone, of an older stream or too far back.
        """
        after = await self._resumable(last_id)
        subscription = await self._bus.jetstream.pull_subscribe(
            f"igny8.v1.*.{account_id}.>",
            stream=EVENTS_STREAM,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                ack_policy=AckPolicy.NONE,
                mem_storage=True,
                num_replicas=1,
                inactive_threshold=30,
            ),
        )
        try:
            left = (await subscription.consumer_info()).num_pending or 0
            if left > REPLAY_EVENTS_MAX:
                raise LookupError(f"{left} events were missed")
            while left > 0:
                messages = await self._fetch(subscription, min(left, REPLAY_BATCH))
                left -= len(messages)
                for message in messages:
                    yield self._event(message)
        finally:
            await self._forget(subscription)

    async def _resumable(self, last_id: str) -> int:
        identity, _, text = last_id.rpartition(".")
        info = await stream_info(self._bus.jetstream, EVENTS_STREAM)
        if (
            info is None
            or not identity == self.identity == identity_of(info)
            or not text.isdecimal()
            or len(text) > 18
        ):
            raise LookupError("the id is of another stream")
        after = int(text)
        if after > info.state.last_seq or after + 1 < info.state.first_seq:
            raise LookupError("the id is outside the stream")
        return after

    async def _fetch(self, subscription: JetStreamContext.PullSubscription, count: int) -> list[Msg]:
        try:
            return await subscription.fetch(count, timeout=5)
        except TimeoutError:
            raise LookupError("the events have left the stream meanwhile") from None

    async def _forget(self, subscription: JetStreamContext.PullSubscription) -> None:
        """Removes the short-lived consumer; the server does so by itself after 30 seconds when this fails."""
        with contextlib.suppress(nats.errors.Error, JetStreamError, TimeoutError):
            name = (await subscription.consumer_info()).name
            await subscription.unsubscribe()
            await self._bus.jetstream.delete_consumer(EVENTS_STREAM, name)

    def drain(self) -> None:
        """Tells every open stream to come back later, and lets no new one in."""
        self._draining = True
        for subscriber in self._all():
            subscriber.end()

    async def close(self) -> None:
        """Leaves NATS."""
        await self._unsubscribe()
        if self._connected is not None:
            await self._connected.close()

    async def _unsubscribe(self) -> None:
        if self._subscription is not None:
            with contextlib.suppress(nats.errors.Error, JetStreamError):
                await self._subscription.unsubscribe()
            self._subscription = None

    def _all(self) -> list[Subscriber]:
        return [subscriber for there in self._streams.values() for subscriber in there]


def identity_of(info: StreamInfo) -> str:
    """What tells this stream from one of the same name made before or after it: when it was made, in base 36."""
    assert info.created is not None
    number = (info.created - _EPOCH) // timedelta(microseconds=1)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"

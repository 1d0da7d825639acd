"""What both kinds of consumer share: a durable, bounded work, patience with failures, dead letters, a clean end."""

import asyncio
import logging
import random
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from prometheus_client import Counter

from chassis import inbox, telemetry, wire_json
from chassis.delivery import Delivery
from chassis.fetching import SILENCE_SECONDS_MAX, Fetching
from chassis.nats import Bus
from chassis.outbox import stream_of, subject_of
from chassis.refusal import Refusal, RequestInvalid
from chassis.transaction import Transaction, Transactions

Tx = TypeVar("Tx", bound=Transaction)

HANDLED = Counter("consumer_handled_total", "Messages taken, by how it ended.", ["consumer", "outcome"])
DUPLICATES = Counter("inbox_duplicates_total", "Messages that had been handled before.", ["consumer"])
DEAD_LETTERS = Counter("dead_letters_total", "Messages given up after every attempt.", ["consumer"])

_log = logging.getLogger(__name__)


class Answer(Enum):
    """How the handling of a message ended."""

    DONE = "done"
    DUPLICATE = "duplicate"
    BY_HANDLER = "by_handler"
    IGNORED = "ignored"
    FAILED = "failed"
    BURIED = "buried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what. The wait before attempt n+1 is `backoff_seconds[n-1]`, with jitter."""

    attempts_max: int = 8
    backoff_seconds: tuple[float, ...] = (1, 5, 15, 60, 120, 300, 600)
    ack_wait_seconds: float = 60.0
    """A message that is neither answered nor reported in progress for so long goes to somebody else."""
    drain_seconds: float = 15.0
    """The time running handlers get when the process is told to end."""
    silence_seconds_max: float = SILENCE_SECONDS_MAX


FOREVER: Final = -1
"""The attempts are counted here: at a limit of the server's own, a message would silently stay behind."""


class Consumer(Generic[Tx]):
    """Subclasses say how one message is handled."""

    def __init__(
        self,
        *,
        name: str,
        stream: str,
        classes: tuple[type[Message], ...],
        concurrency: int,
        patience: Patience,
    ) -> None:
        assert classes, "a consumer handles at least one message class"
        for each in classes:
            assert stream_of(each) == stream, f"{each.DESCRIPTOR.full_name} is not published to {stream}"
        self.name = name
        self._classes = {each.DESCRIPTOR.full_name: each for each in classes}
        self._patience = patience
        self._concurrency = concurrency
        self._stream = stream
        self._randomness = random.SystemRandom()
        self._running: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._config = ConsumerConfig(
            durable_name=name,
            ack_policy=AckPolicy.EXPLICIT,
            deliver_policy=DeliverPolicy.ALL,
            ack_wait=patience.ack_wait_seconds,
            max_deliver=FOREVER,
            max_ack_pending=max(concurrency * 16, 256),
            max_waiting=128,
            filter_subjects=sorted({subject_of(each) for each in classes}),
        )

    async def run(self, bus: Bus, transactions: Transactions[Tx]) -> None:
        """Takes messages until cancelled; then lets running handlers end, and gives back what they leave."""
        fetching = Fetching(
            bus,
            stream=self._stream,
            config=self._config,
            randomness=self._randomness,
            silence_seconds_max=self._patience.silence_seconds_max,
        )

        def take(message: Msg) -> None:
            task = asyncio.create_task(self._take(Delivery(message), transactions))
            self._running.add(task)
            task.add_done_callback(self._ended)

        try:
            await fetching.run(self._free_slots, take)
        finally:
            await self._drain()

    async def handle(self, message: Message, delivery: Delivery, transactions: Transactions[Tx]) -> Answer:
        """Handles one message; whatever it raises is tried again later."""
        raise NotImplementedError

    async def attempt_of(self, delivery: Delivery, transactions: Transactions[Tx]) -> int:
        """The number of the attempt that this delivery is, from 1."""
        return delivery.deliveries

    async def buried(self, message: Message, delivery: Delivery, reason: str) -> None:
        """Called when a message was given up."""

    async def _free_slots(self) -> int:
        while len(self._running) >= self._concurrency:
            self._freed.clear()
            await self._freed.wait()
        return self._concurrency - len(self._running)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._freed.set()
        if not task.cancelled() and task.exception() is not None:
            _log.error("Consumer %s: answering a message failed", self.name, exc_info=task.exception())

    async def _drain(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._patience.drain_seconds)
        for task in list(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=1.0)

    async def _take(self, delivery: Delivery, transactions: Transactions[Tx]) -> None:
        with telemetry.span(
            f"{self.name} {delivery.type_name}",
            kind="consumer",
            parent=delivery.headers.get(telemetry.TRACEPARENT),
        ):
            try:
                answer = await self._try(delivery, transactions)
            except asyncio.CancelledError:
                if not delivery.answered:
                    await delivery.nak(delay_seconds=1.0)
                raise
        HANDLED.labels(self.name, answer.value).inc()
        if answer is Answer.DUPLICATE:
            DUPLICATES.labels(self.name).inc()
        if answer in (Answer.DONE, Answer.DUPLICATE, Answer.IGNORED):
            await delivery.ack()

    async def _try(self, delivery: Delivery, transactions: Transactions[Tx]) -> Answer:
        cls = self._classes.get(delivery.type_name)
        if cls is None:
            return Answer.IGNORED
        try:
            message = wire_json.from_json_bytes(cls, delivery.payload, ignore_unknown=True)
        except RequestInvalid as error:
            return await self._bury(None, delivery, f"It cannot be read: {error}", transactions)
        try:
            delivery.attempt = await self.attempt_of(delivery, transactions)
            if delivery.attempt > self._patience.attempts_max:
                # The process died in every attempt, so that none of them could come to this decision.
                return await self._bury(message, delivery, "No attempt came to an end.", transactions)
            return await self.handle(message, delivery, transactions)
        except Exception as error:
            return await self._failed(message, delivery, error, transactions)

    async def _failed(
        self, message: Message, delivery: Delivery, error: Exception, transactions: Transactions[Tx]
    ) -> Answer:
        if delivery.answered:
            return Answer.BY_HANDLER
        expected = isinstance(error, Refusal)
        _log.log(
            logging.INFO if expected else logging.ERROR,
            "Consumer %s: attempt %d at %s failed: %s",
            self.name,
            delivery.attempt,
            delivery.subject,
            error,
            exc_info=None if expected else error,
        )
        if delivery.attempt >= self._patience.attempts_max:
            return await self._bury(message, delivery, f"{type(error).__name__}: {error}", transactions)
        await delivery.nak(delay_seconds=self._delay_seconds(delivery.attempt))
        return Answer.FAILED

    def _delay_seconds(self, attempt: int) -> float:
        steps = self._patience.backoff_seconds
        step = steps[min(attempt, len(steps)) - 1]
        return step * self._randomness.uniform(0.8, 1.2)

    async def _bury(
        self, message: Message | None, delivery: Delivery, reason: str, transactions: Transactions[Tx]
    ) -> Answer:
        def keep(tx: Tx) -> None:
            inbox.bury(tx.connection, consumer=self.name, delivery=delivery, reason=reason)

        try:
            await transactions.run_repeatable(keep)
            if message is not None:
                await self.buried(message, delivery, reason)
        except Exception:
            _log.exception("Consumer %s: %s cannot be buried now", self.name, delivery.subject)
            await delivery.nak(delay_seconds=self._delay_seconds(self._patience.attempts_max))
            return Answer.FAILED
        await delivery.term()
        DEAD_LETTERS.labels(self.name).inc()
        _log.error("Consumer %s gave up %s: %s", self.name, delivery.subject, reason)
        return Answer.BURIED

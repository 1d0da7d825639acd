"""Consumers: an event becomes a use case in one transaction with its inbox row; a job goes to one worker at a time."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message

from chassis import inbox, telemetry
from chassis.consuming import Answer, Consumer, Patience
from chassis.delivery import Delivery
from chassis.streams import EVENTS_STREAM, JOBS_STREAM
from chassis.together import ORDERS_MAX, Together
from chassis.transaction import Transaction, Transactions

Tx = TypeVar("Tx", bound=Transaction)

EventHandler = Callable[[Tx, Any, Delivery], object]
"""`handler(tx, event, delivery)`: synchronous, inside the transaction; the event is the proto message."""

JobHandler = Callable[[Any, Delivery], Awaitable[None]]
"""`await handler(job, delivery)`: opens its own transactions; may put the job off, else a return is an ack."""

PoisonHandler = Callable[[Any, Delivery, str], Awaitable[None]]
"""`await on_poison(job, delivery, reason)`: the job is not tried again; tell whoever waits for it. Maybe called twice."""

HEARTBEAT_SECONDS: Final = 20.0

EVENT_ACK_WAIT_SECONDS: Final = 15.0
"""What a killed process had in hand comes again so soon. Handling is a transaction or a few, none of them as long."""


EVENTS_BY_TRANSACTIONS: Final = 8
"""Events in hand by transactions at once; those of one account become one transaction."""


class EventConsumer(Consumer[Tx], Generic[Tx]):
    """Runs one use case for each event of some classes, exactly once in effect.

    The inbox row is written in the transaction of the effect, so a redelivery is a quiet success. Events of one
    account are handled in their order within one process, those that arrive while others are handled together in
    one transaction; one that fails is tried again later, while others go on.
    """

    def __init__(
        self,
        *,
        name: str,
        handlers: Mapping[type[Message], EventHandler[Tx]],
        concurrency: int = 4,
        patience: Patience | None = None,
        linger_seconds: float = 0.0,
    ) -> None:
        """`name` is the durable's and must be unique in the suite: `<service>-<what>`; `concurrency` is transactions
        at once. Where nobody waits for the effect, an event may wait `linger_seconds` for others of its account."""
        super().__init__(
            name=name,
            stream=EVENTS_STREAM,
            classes=tuple(handlers),
            # Those that wait for others take places of events that could be handled.
            concurrency=concurrency * (ORDERS_MAX if linger_seconds else EVENTS_BY_TRANSACTIONS),
            patience=patience or Patience(ack_wait_seconds=EVENT_ACK_WAIT_SECONDS, drain_seconds=5.0),
        )
        self._handlers = handlers
        self._transactions_at_once = asyncio.Semaphore(concurrency)
        self._linger_seconds = linger_seconds
        self._lines: dict[str, _Line] = {}

    async def handle(self, message: Message, delivery: Delivery, transactions: Transactions[Tx]) -> Answer:
        line = self._lines.get(delivery.account_id)
        if line is None:
            line = self._lines[delivery.account_id] = _Line(
                partial(self._apply_all, transactions), linger_seconds=self._linger_seconds
            )
        line.length += 1
        try:
            fresh = await line.together.submit(_Arrived(message, delivery, telemetry.traceparent()))
        finally:
            line.length -= 1
            if not line.length:
                del self._lines[delivery.account_id]
        return Answer.DONE if fresh else Answer.DUPLICATE

    async def _apply_all(
        self, transactions: Transactions[Tx], events: "Sequence[_Arrived]"
    ) -> Sequence[bool | Exception]:
        """All in one transaction; where one of them fails each in its own, so that it takes no other down with it."""
        async with self._transactions_at_once:
            if len(events) > 1:
                with contextlib.suppress(Exception):
                    return await transactions.run_repeatable(self._apply_in_turn, events)
            return [await self._apply_alone(transactions, event) for event in events]

    async def _apply_alone(self, transactions: Transactions[Tx], event: "_Arrived") -> bool | Exception:
        try:
            (fresh,) = await transactions.run_repeatable(self._apply_in_turn, [event])
        except Exception as error:
            return error
        return fresh

    def _apply_in_turn(self, tx: Tx, events: "Sequence[_Arrived]") -> list[bool]:
        """Whether each event was a new one."""
        ids = [event.delivery.event_id for event in events]
        fresh = inbox.first_times(tx.connection, consumer=self.name, event_ids=ids)
        return [self._apply(tx, event, fresh) for event in events]

    def _apply(self, tx: Tx, event: "_Arrived", fresh: set[str]) -> bool:
        if event.delivery.event_id not in fresh:
            return False
        # The same event may have been delivered twice in one batch.
        fresh.remove(event.delivery.event_id)
        with tx.in_trace(event.traceparent):
            self._handlers[type(event.message)](tx, event.message, event.delivery)
        return True


@dataclass(frozen=True, slots=True)
class _Arrived:
    """An event, and the trace it is handled in."""

    message: Message
    delivery: Delivery
    traceparent: str


class _Line:
    """The events of one account that are being handled or wait for it, in their order."""

    def __init__(
        self,
        apply: Callable[[Sequence[_Arrived]], Awaitable[Sequence[bool | Exception]]],
        *,
        linger_seconds: float,
    ) -> None:
        # Without a time to wait nobody does: what arrives while some are handled is company enough.
        company = ORDERS_MAX if linger_seconds else 0
        self.together = Together[_Arrived, bool](
            apply, underway=lambda: company, linger_seconds=linger_seconds
        )
        self.length = 0


class JobConsumer(Consumer[Tx], Generic[Tx]):
    """Takes jobs from the work queue, each by one worker of all processes at a time.

    While a handler is at work the server is told so; when the process dies another worker gets the job after 60 s.
    A handler may therefore be run more than once, also after it has returned, and must find out by itself what is
    already done: a job names work whose state is in the database, so nothing else is kept of it.
    """

    def __init__(
        self,
        *,
        name: str,
        handlers: Mapping[type[Message], JobHandler],
        concurrency: int = 8,
        on_poison: PoisonHandler | None = None,
        patience: Patience | None = None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        """`name` is the durable's; each job class belongs to one durable only."""
        super().__init__(
            name=name,
            stream=JOBS_STREAM,
            classes=tuple(handlers),
            concurrency=concurrency,
            patience=patience or Patience(),
        )
        self._handlers = handlers
        self._on_poison = on_poison
        self._heartbeat_seconds = heartbeat_seconds

    async def handle(self, message: Message, delivery: Delivery, transactions: Transactions[Tx]) -> Answer:
        heartbeat = asyncio.create_task(delivery.keep_in_progress(every_seconds=self._heartbeat_seconds))
        try:
            await self._handlers[type(message)](message, delivery)
        finally:
            heartbeat.cancel()
        if delivery.wanted_again_seconds is not None:
            # Excused before it comes again, which would else count the attempt of its predecessor.
            try:
                await transactions.run_repeatable(self._excuse, delivery)
            finally:
                await delivery.nak(delay_seconds=delivery.wanted_again_seconds)
        return Answer.BY_HANDLER if delivery.answered else Answer.DONE

    async def attempt_of(self, delivery: Delivery, transactions: Transactions[Tx]) -> int:
        if delivery.deliveries == 1:
            return 1
        return await transactions.run(self._count_attempt, delivery)

    async def buried(self, message: Message, delivery: Delivery, reason: str) -> None:
        if self._on_poison is not None:
            await self._on_poison(message, delivery, reason)

    def _count_attempt(self, tx: Tx, delivery: Delivery) -> int:
        return inbox.count_attempt(tx.connection, consumer=self.name, event_id=delivery.event_id)

    def _excuse(self, tx: Tx, delivery: Delivery) -> None:
        inbox.excuse_attempts(tx.connection, consumer=self.name, event_id=delivery.event_id)

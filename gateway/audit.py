"""The audit log's way to billing: entries wait here for a moment, go in batches, and never hold a request up."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from igny8.billing import v1 as billing
from prometheus_client import Counter, Gauge

from chassis import telemetry, wire_json
from chassis.clock import Clock
from chassis.errors import meaning_of
from chassis.ids import new_id
from chassis.plain import instant_to_proto
from chassis.refusal import Refusal
from gateway.audit_note import Note

BATCH_SECONDS: Final = 0.2
BATCH_ENTRIES_MAX: Final = 500
WAITING_MAX: Final = 20_000
"""So many entries wait while billing is away, about 10 MB; what comes beyond goes to the process's log."""

RETRY_SECONDS: Final = (0.5, 10.0)
"""The first pause while billing is away, and the longest."""

WAITING = Gauge("audit_waiting", "Audit entries that billing has not got yet.")
LOST = Counter("audit_lost_total", "Audit entries that went to the process's log instead.")

_log = logging.getLogger(__name__)

Deliver = Callable[[Sequence[billing.AuditEntry]], Awaitable[None]]
"""Hands entries to billing; twice does no harm. Raises the refusal of billing."""


class AuditLog:
    """Gathers entries and delivers them, each until billing has it."""

    def __init__(self, deliver: Deliver, clock: Clock) -> None:
        self._deliver = deliver
        self._clock = clock
        self._waiting: deque[billing.AuditEntry] = deque()
        self._any = asyncio.Event()
        self._busy = asyncio.Lock()

    def record(self, note: Note, *, status: int, client_address: str) -> None:
        """Takes a write that was answered just now. Returns at once, whatever billing does."""
        if not note.is_kept:
            return
        entry = billing.AuditEntry(
            id=new_id(),
            account_id=note.account_id,
            actor=note.caller.actor if note.caller else "",
            method=note.rule.method,
            resources=note.resources,
            outcome=note.outcome,
            http_status=status,
            trace_id=telemetry.trace_id(),
            request_id=note.rule.request_id_of(note.request),
            client_address=client_address[:64],
            occurred_at=instant_to_proto(self._clock.now()),
        )
        if len(self._waiting) >= WAITING_MAX:
            _lose(entry)
            return
        self._waiting.append(entry)
        WAITING.set(len(self._waiting))
        self._any.set()

    async def run(self) -> None:
        """Delivers for ever; while billing is away it tries again, at longer and longer pauses."""
        pause = RETRY_SECONDS[0]
        while True:
            await self._any.wait()
            await asyncio.sleep(BATCH_SECONDS)
            try:
                await self._deliver_all()
                pause = RETRY_SECONDS[0]
            except Refusal as refusal:
                _log.warning(
                    "the audit log waits for billing: %s, %d entries", refusal.reason, len(self._waiting)
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])

    async def close(self, *, seconds_max: float) -> None:
        """Delivers what still waits; what billing does not take in this time goes to the process's log."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._deliver_all()
        except (Refusal, TimeoutError):
            while self._waiting:
                _lose(self._waiting.popleft())

    async def _deliver_all(self) -> None:
        """Until nothing waits. An entry leaves the queue when billing has it. Raises the refusal of a billing that is away."""
        async with self._busy:
            while self._waiting:
                batch = [self._waiting[index] for index in range(min(len(self._waiting), BATCH_ENTRIES_MAX))]
                await self._hand_over(batch)
                for _ in batch:
                    self._waiting.popleft()
                WAITING.set(len(self._waiting))
            self._any.clear()

    async def _hand_over(self, batch: Sequence[billing.AuditEntry]) -> None:
        """Delivers a batch. One entry that billing will never take does not keep the others from it."""
        try:
            await self._deliver(batch)
        except Refusal as refusal:
            if meaning_of(refusal.reason).retryable or refusal.reason in ("INTERNAL", "UNAUTHENTICATED"):
                raise
            if len(batch) == 1:
                _lose(batch[0])
                return
            half = len(batch) // 2
            await self._hand_over(batch[:half])
            await self._hand_over(batch[half:])


def _lose(entry: billing.AuditEntry) -> None:
    LOST.inc()
    _log.error("an audit entry could not be kept: %s", wire_json.to_json_bytes(entry).decode())

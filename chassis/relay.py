"""The relay: publishes a service's outbox to JetStream in order per account, and publishes again what a stream lost."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import nats.errors
from nats.aio.msg import Msg
from prometheus_client import Counter, Gauge
from sqlalchemy import exc

from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.reconcile import Reconciler
from chassis.relay_store import LeadLost, Pending, Published, RelayStore

T = TypeVar("T")

BATCH_ROWS: Final = 500
POLL_BUSY_SECONDS: Final = 0.1
POLL_IDLE_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.01
"""So long after it published some rows the relay looks for the next: what is committed meanwhile goes in one turn."""

BUSY_SECONDS: Final = 2.0
"""So long after it last found rows the relay looks more often: another process may commit without waking it."""

RECONCILE_SECONDS: Final = 30.0
STANDBY_SECONDS: Final = 1.0
GROUPS_AT_ONCE: Final = 64
HOLD_SECONDS_MAX: Final = 30.0

PUBLISHED = Counter("outbox_published_total", "Outbox rows acknowledged by their stream.", ["service"])
PENDING = Gauge("outbox_pending", "Outbox rows found unpublished at the last look.", ["service"])
OLDEST = Gauge("outbox_oldest_seconds", "Age of the oldest unpublished outbox row.", ["service"])
LEADING = Gauge("outbox_leading", "Whether this process is the service's relay.", ["service"])

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hold:
    """Until when (monotonic seconds) an account's rows are left alone after a failure."""

    until: float = 0.0
    seconds: float = 0.25

    def longer(self) -> "Hold":
        return Hold(time.monotonic() + self.seconds, min(self.seconds * 2, HOLD_SECONDS_MAX))


class Relay:
    """Publishes one service's outbox while it leads; beside a leader it waits to take over.

    The leader holds an advisory lock on a connection of its own, through which it also reads and marks: losing the
    connection loses the lead. All database work is done in one thread of its own, never on the event loop.
    """

    def __init__(
        self,
        *,
        dsn: str,
        outbox: Outbox,
        bus: Bus,
    ) -> None:
        self.service = outbox.service
        self._outbox = outbox
        self._bus = bus
        self._store = RelayStore(dsn, service=outbox.service)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{outbox.service}-relay")
        self._reconciler = Reconciler(bus, self._store, self._in_thread)
        self._reconcile_at = 0.0
        self._found_at = 0.0
        self._held: dict[str, Hold] = {}
        self._wake_subject = f"igny8.wake.{outbox.service}"
        bus.on_reconnect(self.reconcile_soon)

    def reconcile_soon(self) -> None:
        """Compares outbox and streams at the next turn, and not only after 30 s."""
        self._reconcile_at = 0.0
        self._held.clear()
        self._outbox.committed.ring()

    async def run(self) -> None:
        """Publishes until cancelled; outlives the loss of PostgreSQL and of NATS."""
        try:
            while True:
                try:
                    await self._lead()
                except (exc.SQLAlchemyError, LeadLost) as error:
                    _log.warning("The relay of %s lost its database connection: %s", self.service, error)
                finally:
                    LEADING.labels(self.service).set(0)
                await self._stand_by()
        finally:
            # A statement may still run in the thread; the lock is freed behind it.
            self._thread.submit(self._store.close)
            self._thread.shutdown(wait=False)

    async def _lead(self) -> None:
        """Takes the lead if it is free and publishes until the connection is lost; returns when another leads."""
        if not await self._in_thread(self._store.take_lead):
            return
        LEADING.labels(self.service).set(1)
        self._reconcile_at = 0.0
        listening = await self._bus.client.subscribe(self._wake_subject, cb=self._woken)
        try:
            while True:
                if await self._turn():
                    continue
                busy = time.monotonic() - self._found_at < BUSY_SECONDS
                if busy:
                    await asyncio.sleep(GATHER_SECONDS)
                await self._outbox.committed.wait(
                    timeout_seconds=POLL_BUSY_SECONDS if busy else POLL_IDLE_SECONDS
                )
        finally:
            with contextlib.suppress(nats.errors.Error):
                await listening.unsubscribe()

    async def _stand_by(self) -> None:
        """Waits before asking for the lead again; meanwhile the leader, another process, hears of each commit here."""
        until = time.monotonic() + STANDBY_SECONDS
        while (left := until - time.monotonic()) > 0:
            if await self._outbox.committed.wait(timeout_seconds=left) and self._bus.is_connected:
                # Only a hint: the leader also looks by itself, so a lost one costs a moment and no event.
                with contextlib.suppress(nats.errors.Error):
                    await self._bus.client.publish(self._wake_subject, b"")

    async def _woken(self, _: Msg) -> None:
        self._outbox.committed.ring()

    async def _turn(self) -> bool:
        """Publishes one batch; returns whether it was a full one, so that the next is to follow at once."""
        if not self._bus.is_connected:
            await self._find(limit=1)
            return False
        try:
            await self._reconcile_when_due()
        except (nats.errors.Error, TimeoutError, OSError) as error:
            _log.warning("The relay of %s cannot reach its streams: %s", self.service, error or type(error))
            return False
        rows = await self._find(limit=BATCH_ROWS)
        if not rows:
            return False
        self._found_at = time.monotonic()
        return await self._publish_batch(rows) and len(rows) == BATCH_ROWS

    async def _find(self, *, limit: int) -> list[Pending]:
        now = time.monotonic()
        held = [account_id for account_id, hold in self._held.items() if hold.until > now]
        rows = await self._in_thread(lambda: self._store.unpublished(limit=limit, without_accounts=held))
        PENDING.labels(self.service).set(len(rows))
        oldest = time.time() - rows[0].created_at.timestamp() if rows else 0.0
        OLDEST.labels(self.service).set(max(oldest, 0.0))
        return rows

    async def _reconcile_when_due(self) -> None:
        if time.monotonic() < self._reconcile_at:
            return
        await self._reconciler.reconcile()
        self._reconcile_at = time.monotonic() + RECONCILE_SECONDS

    async def _publish_batch(self, rows: list[Pending]) -> bool:
        accounts: dict[str, list[Pending]] = {}
        for row in rows:
            accounts.setdefault(row.account_id, []).append(row)
        done: list[Published] = []
        gate = asyncio.Semaphore(GROUPS_AT_ONCE)
        try:
            await asyncio.gather(*(self._publish_in_turn(group, done, gate) for group in accounts.values()))
        finally:
            # Also when cancelled: what the stream has acknowledged is marked.
            if done:
                await asyncio.shield(self._mark(list(done)))
        return bool(done)

    async def _publish_in_turn(
        self, group: list[Pending], done: list[Published], gate: asyncio.Semaphore
    ) -> None:
        """Publishes one account's rows, each after the acknowledgement of the one before; stops at the first failure."""
        async with gate:
            for row in group:
                try:
                    acknowledged = await self._bus.jetstream.publish(
                        row.subject, row.payload, stream=row.stream, headers=dict(row.headers)
                    )
                except (nats.errors.Error, TimeoutError, OSError) as error:
                    _log.warning("%s was not published: %s", row.subject, error or type(error).__name__)
                    # Held back, so that one account's failing rows cannot fill every batch.
                    self._held[row.account_id] = self._held.get(row.account_id, Hold()).longer()
                    return
                self._held.pop(row.account_id, None)
                done.append(Published(row.id, acknowledged.seq))

    async def _mark(self, published: list[Published]) -> None:
        await self._in_thread(lambda: self._store.mark(published))
        PUBLISHED.labels(self.service).inc(len(published))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

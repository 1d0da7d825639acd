"""Keeps the chassis' tables small: what is older than anything could still need is deleted, in batches."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from chassis.clock import Clock
from chassis.streams import JOBS_STREAM
from chassis.tables import idempotency, inbox, job_attempt, outbox
from chassis.transaction import Transaction, Transactions

Tx = TypeVar("Tx", bound=Transaction)

EVENTS_KEPT: Final = timedelta(days=21)
"""Longer than the stream keeps them (14 days), so that the stream can be rebuilt."""

JOBS_KEPT: Final = timedelta(days=2)
INBOX_KEPT: Final = timedelta(days=30)
"""Longer than any event can be delivered again."""

REQUESTS_KEPT: Final = timedelta(days=30)
BATCH_ROWS: Final = 1000
INTERVAL_SECONDS: Final = 600.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Purge:
    table: Table
    column: ColumnElement[object]
    kept: timedelta
    where: ColumnElement[bool] | None = None


_PURGES: Final = (
    _Purge(outbox, outbox.c.published_at, EVENTS_KEPT, outbox.c.stream != JOBS_STREAM),
    _Purge(outbox, outbox.c.published_at, JOBS_KEPT, outbox.c.stream == JOBS_STREAM),
    _Purge(inbox, inbox.c.handled_at, INBOX_KEPT),
    _Purge(job_attempt, job_attempt.c.created_at, INBOX_KEPT),
    _Purge(idempotency, idempotency.c.created_at, REQUESTS_KEPT),
)


class Housekeeper:
    """Purges one service's tables; any number of processes may do so at once."""

    def __init__(self, transactions: Transactions[Tx], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled, every ten minutes."""
        while True:
            try:
                purged = await self.purge()
                if purged:
                    _log.info("Purged %d old rows.", purged)
            except Exception:
                _log.exception("Old rows could not be purged; the next attempt is in %g s.", INTERVAL_SECONDS)
            await asyncio.sleep(INTERVAL_SECONDS)

    async def purge(self) -> int:
        """Deletes everything that is old enough, and returns how many rows that were."""
        total = 0
        for purge in _PURGES:
            deleted = BATCH_ROWS
            while deleted == BATCH_ROWS:
                deleted = await self._transactions.run(self._delete_batch, purge)
                total += deleted
        return total

    def _delete_batch(self, tx: Transaction, purge: _Purge) -> int:
        keys = purge.table.primary_key.columns
        old = select(*keys).where(purge.column < self._clock.now() - purge.kept)
        if purge.where is not None:
            old = old.where(purge.where)
        chosen = old.limit(BATCH_ROWS).with_for_update(skip_locked=True)
        return tx.connection.execute(delete(purge.table).where(tuple_(*keys).in_(chosen))).rowcount

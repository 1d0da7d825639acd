"""Attempts to sign in, counted in windows."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.billing.domain.throttle import WINDOW, Attempts
from services.billing.store import tables
from services.billing.store.rows import from_row


class SignInCounts:
    """Counts in the schema `billing`: they survive a restart, and all processes count together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, keys: Sequence[str], *, now: datetime) -> list[Attempts]:
        """One more attempt under each key, and what that makes; `keys` must be in order, for so they are locked."""
        table = tables.sign_in_count
        added = insert(table).values(
            [{"key": key, "attempts": 1, "window_ends_at": now + WINDOW} for key in keys]
        )
        over = table.c.window_ends_at <= now
        counted = added.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "attempts": case((over, 1), else_=table.c.attempts + 1),
                "window_ends_at": case((over, now + WINDOW), else_=table.c.window_ends_at),
            },
        ).returning(table)
        return [from_row(Attempts, row) for row in self._connection.execute(counted)]

    def forgive(self, *, forget: Sequence[str], take_back: Sequence[str]) -> None:
        """Forgets what was counted under some keys, and takes one attempt back under others."""
        table = tables.sign_in_count
        keys = table.c.key.in_([*forget, *take_back])
        self._connection.execute(select(table.c.key).where(keys).order_by(table.c.key).with_for_update())
        self._connection.execute(delete(table).where(table.c.key.in_(forget)))
        self._connection.execute(
            update(table)
            .where(table.c.key.in_(take_back), table.c.attempts > 0)
            .values(attempts=table.c.attempts - 1)
        )

    def forget_ended(self, *, now: datetime, rows_max: int) -> None:
        """Deletes counts whose window has ended, at most so many."""
        table = tables.sign_in_count
        ended = (
            select(table.c.key)
            .where(table.c.window_ends_at <= now)
            .limit(rows_max)
            .with_for_update(skip_locked=True)
        )
        self._connection.execute(delete(table).where(table.c.key.in_(ended)))

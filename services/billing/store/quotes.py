"""Quotes, kept for a while after they expired."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from services.billing.domain.quote import Quote
from services.billing.store import tables
from services.billing.store.rows import to_row

_quote = tables.quote


class Quotes:
    """Quotes in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, quote: Quote) -> None:
        self._connection.execute(insert(_quote).values(to_row(quote)))

    def forget(self, *, expired_before: datetime, limit: int) -> int:
        """Deletes quotes that nobody can use any more; returns how many."""
        old = select(_quote.c.id).where(_quote.c.expires_at < expired_before).limit(limit)
        return self._connection.execute(delete(_quote).where(_quote.c.id.in_(old))).rowcount

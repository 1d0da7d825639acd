"""What the relay reads and writes in its service's schema, on the one connection that holds the lead."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chassis.database import guarded, open_engine
from chassis.tables import outbox, relay_stream

STATEMENT_SECONDS_MAX: Final = 10.0

_UNPUBLISHED: Final = (
    select(
        outbox.c.id,
        outbox.c.event_id,
        outbox.c.account_id,
        outbox.c.stream,
        outbox.c.subject,
        outbox.c.payload,
        outbox.c.headers,
        outbox.c.created_at,
    )
    .where(outbox.c.published_at.is_(None), outbox.c.account_id.not_in(bindparam("held", expanding=True)))
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
)
"""Made once: it is asked many times a second."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An outbox row that its stream has not acknowledged yet."""

    id: int
    event_id: str
    account_id: str
    stream: str
    subject: str
    payload: bytes
    headers: dict[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """The row and its sequence in the stream."""

    id: int
    stream_seq: int


@dataclass(frozen=True, slots=True)
class Stored:
    """Where in its stream an event should be."""

    stream_seq: int
    event_id: str


class LeadLost(Exception):
    """The connection that held the lead is gone; another process may lead by now."""


class RelayStore:
    """Synchronous; each call is one committed statement. Not for more than one thread at a time."""

    def __init__(self, dsn: str, *, service: str) -> None:
        self._engine = open_engine(
            dsn, service=service, pooled=False, statement_timeout_seconds=STATEMENT_SECONDS_MAX - 1
        ).execution_options(isolation_level="AUTOCOMMIT")
        self._lock_name = f"igny8.outbox.{service}"
        self._connection: Connection | None = None

    def take_lead(self) -> bool:
        """Whether this connection now leads. Keeps the connection while standing by."""
        if self._connection is not None and (self._connection.closed or self._connection.invalidated):
            self.close()
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            taken = self._execute(
                text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": self._lock_name}
            ).scalar_one()
        except Exception:
            self.close()
            raise
        return bool(taken)

    def unpublished(self, *, limit: int, without_accounts: Sequence[str] = ()) -> list[Pending]:
        """The oldest unpublished rows of all other accounts, in the order in which they are to be published."""
        rows = self._execute(_UNPUBLISHED, {"limit": limit, "held": list(without_accounts)})
        return [
            Pending(
                row.id,
                row.event_id,
                row.account_id,
                row.stream,
                row.subject,
                row.payload.encode(),
                row.headers,
                row.created_at,
            )
            for row in rows
        ]

    def mark(self, published: Sequence[Published]) -> None:
        """These rows are in their stream."""
        self._execute(
            text(
                "UPDATE outbox SET published_at = now(), stream_seq = acknowledged.seq"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:seqs AS bigint[])) AS acknowledged (id, seq)"
                " WHERE outbox.id = acknowledged.id"
            ),
            {"ids": [each.id for each in published], "seqs": [each.stream_seq for each in published]},
        )

    def last_stored(self, stream: str) -> Stored | None:
        """The published row with the highest sequence."""
        return self._stored(stream, outbox.c.stream_seq > 0, ascending=False)

    def first_stored_from(self, stream: str, stream_seq: int) -> Stored | None:
        """The published row with the least sequence that is not below the given one."""
        return self._stored(stream, outbox.c.stream_seq >= stream_seq, ascending=True)

    def _stored(self, stream: str, condition: Any, *, ascending: bool) -> Stored | None:
        order = outbox.c.stream_seq if ascending else outbox.c.stream_seq.desc()
        row = self._execute(
            select(outbox.c.stream_seq, outbox.c.event_id)
            .where(outbox.c.stream == stream, condition, outbox.c.stream_seq.is_not(None))
            .order_by(order)
            .limit(1)
        ).one_or_none()
        return Stored(row.stream_seq, row.event_id) if row else None

    def publish_again(self, stream: str, *, after: int, younger_than_seconds: float) -> int:
        """Marks rows above that sequence as unpublished, unless the stream would by now have dropped them; how many."""
        again = (
            update(outbox)
            .where(outbox.c.stream == stream, outbox.c.stream_seq > after)
            .where(outbox.c.created_at > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, bindparam("age")))
            .values(published_at=None, stream_seq=None)
        )
        return int(self._execute(again, {"age": younger_than_seconds}).rowcount)

    def made_at(self, stream: str) -> str | None:
        """When the stream we last published to was made, as the server says it."""
        made_at: str | None = self._execute(
            select(relay_stream.c.made_at).where(relay_stream.c.stream == stream)
        ).scalar_one_or_none()
        return made_at

    def remember(self, stream: str, *, made_at: str) -> None:
        """From now on this is the stream we publish to."""
        statement = insert(relay_stream).values(stream=stream, made_at=made_at)
        self._execute(statement.on_conflict_do_update(index_elements=["stream"], set_={"made_at": made_at}))

    def close(self) -> None:
        """Ends the connection, and with it the lead."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # The server may be gone; then the connection is, too.
            with contextlib.suppress(Exception):
                connection.close()

    def _execute(self, statement: Any, parameters: dict[str, Any] | None = None) -> Any:
        connection = self._connection
        assert connection is not None, "take_lead() comes first"
        if connection.closed or connection.invalidated:
            # SQLAlchemy would connect again, without the lock.
            raise LeadLost
        guarded(connection).arm(STATEMENT_SECONDS_MAX)
        result = connection.execute(statement, parameters or {})
        guarded(connection).disarm()
        return result

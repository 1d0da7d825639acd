"""The tables every service has beside its own: outbox, inbox, idempotency, dead letters, the streams the relay knows."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB


def outbox_table(metadata: MetaData) -> Table:
    """Messages written in the transaction of their fact; the relay publishes them in order per account.

    `payload` is the JSON as it is sent, byte for byte. `published_at` and `stream_seq` are set once the stream
    has acknowledged the message.
    """
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=True),
        Column("event_id", Uuid(as_uuid=False), nullable=False, unique=True),
        Column("account_id", Uuid(as_uuid=False), nullable=False),
        Column("stream", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("payload", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("published_at", DateTime(timezone=True)),
        Column("stream_seq", BigInteger),
        Index("outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index("outbox_stream_seq", "stream", "stream_seq", postgresql_where=text("stream_seq IS NOT NULL")),
        Index("outbox_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    )


def inbox_table(metadata: MetaData) -> Table:
    """Messages a consumer has handled, each written in the transaction of its effect."""
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid(as_uuid=False), primary_key=True),
        Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Index("inbox_handled_at", "handled_at"),
    )


def idempotency_table(metadata: MetaData) -> Table:
    """The first answer given to each request_id. `answer` is null only inside the transaction that makes it."""
    return Table(
        "idempotency",
        metadata,
        Column("account_id", Uuid(as_uuid=False), primary_key=True),
        Column("scope", Text, primary_key=True),
        Column("request_id", Text, primary_key=True),
        Column("request_hash", LargeBinary, nullable=False),
        Column("answer", LargeBinary),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        CheckConstraint("length(request_id) BETWEEN 1 AND 255", name="idempotency_request_id_length"),
        Index("idempotency_created_at", "created_at"),
    )


def dead_letter_table(metadata: MetaData) -> Table:
    """Messages a consumer could not handle after every attempt; a person looks at each."""
    return Table(
        "dead_letter",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid(as_uuid=False), primary_key=True),
        Column("stream", Text, nullable=False),
        Column("stream_seq", BigInteger, nullable=False),
        Column("subject", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("reason", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


def job_attempt_table(metadata: MetaData) -> Table:
    """How often a job that was delivered more than once has been tried since it last asked to come back later.

    The server counts deliveries only, those a worker asked for among them.
    """
    return Table(
        "job_attempt",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid(as_uuid=False), primary_key=True),
        Column("attempts", Integer, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


def relay_stream_table(metadata: MetaData) -> Table:
    """When each stream the relay publishes to was made: another instant means that it is another stream."""
    return Table(
        "relay_stream",
        metadata,
        Column("stream", Text, primary_key=True),
        Column("made_at", Text, nullable=False),
    )


def chassis_tables(metadata: MetaData) -> None:
    """Adds all of them to a service's metadata."""
    for table in (
        outbox_table,
        inbox_table,
        idempotency_table,
        dead_letter_table,
        job_attempt_table,
        relay_stream_table,
    ):
        table(metadata)


_metadata = MetaData()
outbox = outbox_table(_metadata)
inbox = inbox_table(_metadata)
idempotency = idempotency_table(_metadata)
dead_letter = dead_letter_table(_metadata)
job_attempt = job_attempt_table(_metadata)
relay_stream = relay_stream_table(_metadata)
"""The same tables without a schema, for the chassis' own statements: the connection's search_path names it."""

"""The tables of the schema `notifications`. `igny8_notifications_notification` is part of the public contract."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from chassis.tables import chassis_tables

metadata = MetaData()
chassis_tables(metadata)

notification = Table(
    "igny8_notifications_notification",
    metadata,
    Column("id", Uuid(as_uuid=False), primary_key=True),
    Column("account_id", Uuid(as_uuid=False), nullable=False),
    Column("notification_type", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("related_type", Text, nullable=False),
    Column("related_id", Uuid(as_uuid=False), nullable=False),
    Column("site_id", Uuid(as_uuid=False)),
    Column("run_id", Uuid(as_uuid=False)),
    Column("metadata", JSONB, nullable=False),
    Column("read_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("severity IN ('info', 'success', 'warning', 'error')", name="notification_severity"),
    CheckConstraint(
        "related_type IN ('ai_task', 'run', 'planned_run', 'content', 'site', 'grant', 'account')",
        name="notification_related_type",
    ),
    CheckConstraint("count >= 1 AND (count = 1 OR run_id IS NOT NULL)", name="notification_count"),
    CheckConstraint("updated_at >= created_at", name="notification_updated_at"),
    Index("notification_newest", "account_id", "updated_at", "id"),
    Index("notification_unread", "account_id", "updated_at", "id", postgresql_where=text("read_at IS NULL")),
    Index(
        "notification_of_run",
        "account_id",
        "run_id",
        "notification_type",
        unique=True,
        postgresql_where=text("run_id IS NOT NULL"),
    ),
)

unread_counter = Table(
    "unread_counter",
    metadata,
    Column("account_id", Uuid(as_uuid=False), primary_key=True),
    Column("unread", BigInteger, nullable=False),
    CheckConstraint("unread >= 0", name="unread_counter_never_below_zero"),
    postgresql_with={"fillfactor": 50},
)
"""How many notifications of an account are unread. Its row is the first lock of every change of them."""

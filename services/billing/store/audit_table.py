"""The table of the audit log."""

from sqlalchemy import Column, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.billing.store.columns import id_column, instant, metadata, word

audit_entry = Table(
    "audit_entry",
    metadata,
    id_column("id", primary_key=True),
    id_column("account_id", nullable=True),
    word("actor"),
    word("method"),
    Column("resources", JSONB, nullable=False),
    Column("resource_ids", ARRAY(Text), nullable=False),
    word("outcome"),
    Column("http_status", Integer, nullable=False),
    word("trace_id"),
    word("request_id"),
    word("client_address"),
    instant("occurred_at"),
    Index("audit_entry_account", "account_id", "occurred_at", "id"),
    Index("audit_entry_time", "occurred_at", "id"),
    Index("audit_entry_resource", "resource_ids", postgresql_using="gin"),
)
"""Without foreign keys: an entry outlives what it is about, and a call may name what never was."""

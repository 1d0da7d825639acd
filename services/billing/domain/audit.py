"""The audit log's nouns: one entry for each call from outside that changed something, or was to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

KEPT_AT_LEAST = timedelta(days=30)
"""Nothing younger can be deleted, not by the database's owner either: a trigger of the schema keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something a call was about, by the field that named it."""

    field: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who called which method about what, from where, and how it ended; never changed."""

    id: str
    account_id: str | None
    actor: str
    method: str
    resources: tuple[Resource, ...]
    outcome: str
    """`OK`, or the reason it was refused for."""
    http_status: int
    trace_id: str
    request_id: str
    client_address: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; None and empty mean all."""

    account_id: str | None = None
    actor: str = ""
    method: str = ""
    resource_id: str = ""
    outcome: str = ""
    begin: datetime | None = None
    end: datetime | None = None

"""The audit log's rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from chassis.bulk import insert_rows
from chassis.paging import Page, PageRequest, read_page
from services.billing.domain.audit import AuditEntry, AuditFilter, Resource
from services.billing.store.tables import audit_entry

_ENTRY = [column for column in audit_entry.c if column.name != "resource_ids"]


class Audit:
    """Entries in the schema `billing`; added, read, and deleted when they are old."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entries: Sequence[AuditEntry]) -> None:
        """Adds entries; those that are there stay as they are."""
        insert_rows(self._connection, audit_entry, [_row(entry) for entry in entries], unless_there=True)

    def newest(self, wanted: AuditFilter, *, page: PageRequest) -> Page[AuditEntry]:
        """Entries, newest first."""
        entry = audit_entry.c
        query = select(*_ENTRY)
        if wanted.account_id is not None:
            query = query.where(entry.account_id == wanted.account_id)
        for column, word in (
            (entry.actor, wanted.actor),
            (entry.method, wanted.method),
            (entry.outcome, wanted.outcome),
        ):
            if word:
                query = query.where(column == word)
        if wanted.resource_id:
            query = query.where(entry.resource_ids.contains([wanted.resource_id]))
        if wanted.begin is not None:
            query = query.where(entry.occurred_at >= wanted.begin)
        if wanted.end is not None:
            query = query.where(entry.occurred_at < wanted.end)
        by = [entry.occurred_at.desc(), entry.id.desc()]
        return read_page(self._connection, query, page, by=by, to=_entry)

    def forget(self, *, before: datetime, rows_max: int) -> int:
        """Deletes entries from before that instant, at most so many; returns how many."""
        # Without a lock, for which the role would need the right to change rows; two at once do no harm.
        old = select(audit_entry.c.id).where(audit_entry.c.occurred_at < before).limit(rows_max)
        return self._connection.execute(delete(audit_entry).where(audit_entry.c.id.in_(old))).rowcount


def _row(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "account_id": entry.account_id,
        "actor": entry.actor,
        "method": entry.method,
        "resources": [{"field": one.field, "id": one.id} for one in entry.resources],
        "resource_ids": [one.id for one in entry.resources],
        "outcome": entry.outcome,
        "http_status": entry.http_status,
        "trace_id": entry.trace_id,
        "request_id": entry.request_id,
        "client_address": entry.client_address,
        "occurred_at": entry.occurred_at,
    }


def _entry(row: Row[Any]) -> AuditEntry:
    values = dict(row._mapping)
    values["resources"] = tuple(Resource(**one) for one in values["resources"])
    return AuditEntry(**values)

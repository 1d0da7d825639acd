"""Keeping and reading the audit log."""

from datetime import datetime, timedelta

from chassis.paging import Page, PageRequest
from services.billing.domain.audit import KEPT_AT_LEAST, AuditEntry, AuditFilter
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.reports import check_span

FORGOTTEN_MAX = 5_000


def record_writes(tx: BillingTransaction, *, entries: list[AuditEntry]) -> None:
    """Adds the entries that are not there yet."""
    tx.audit.add(entries)


def list_entries(tx: BillingTransaction, *, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
    """Entries, newest first. Raises RequestInvalid for a span that ends before it begins."""
    check_span(wanted.begin, wanted.end)
    return tx.audit.newest(wanted, page=page)


def forget_entries(tx: BillingTransaction, *, kept: timedelta, now: datetime) -> int:
    """Deletes entries older than `kept`, some thousands in a call; returns how many. 30 days are always kept."""
    return tx.audit.forget(before=now - max(kept, KEPT_AT_LEAST), rows_max=FORGOTTEN_MAX)

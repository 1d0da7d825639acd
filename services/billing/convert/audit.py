"""Between entries of the audit log and their messages."""

from igny8.billing import v1 as billing

from services.billing.convert.values import instant_from_proto, instant_to_proto
from services.billing.domain.audit import AuditEntry, AuditFilter, Resource


def audit_entry_to_proto(entry: AuditEntry) -> billing.AuditEntry:
    return billing.AuditEntry(
        id=entry.id,
        account_id=entry.account_id or "",
        actor=entry.actor,
        method=entry.method,
        resources=[billing.AuditEntry.Resource(field=one.field, id=one.id) for one in entry.resources],
        outcome=entry.outcome,
        http_status=entry.http_status,
        trace_id=entry.trace_id,
        request_id=entry.request_id,
        client_address=entry.client_address,
        occurred_at=instant_to_proto(entry.occurred_at),
    )


def audit_entry_from_proto(entry: billing.AuditEntry) -> AuditEntry:
    return AuditEntry(
        id=entry.id,
        account_id=entry.account_id or None,
        actor=entry.actor,
        method=entry.method,
        resources=tuple(Resource(field=one.field, id=one.id) for one in entry.resources),
        outcome=entry.outcome,
        http_status=entry.http_status,
        trace_id=entry.trace_id,
        request_id=entry.request_id,
        client_address=entry.client_address,
        occurred_at=instant_from_proto(entry.occurred_at),
    )


def audit_filter_from_proto(
    request: billing.ListAuditEntriesRequest, *, account_id: str | None
) -> AuditFilter:
    """The filters of a list; the account is the caller's affair, not the request's."""
    # `from` is a word of Python's own, so the field is read by its name.
    begin = getattr(request, "from") if request.HasField("from") else None
    return AuditFilter(
        account_id=account_id,
        actor=request.actor,
        method=request.method,
        resource_id=request.resource_id,
        outcome=request.outcome,
        begin=instant_from_proto(begin) if begin is not None else None,
        end=instant_from_proto(request.to) if request.HasField("to") else None,
    )

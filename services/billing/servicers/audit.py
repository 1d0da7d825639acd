"""AuditService: the gateway adds entries, owners and the operator read them."""

from igny8.billing import v1 as billing
from igny8.options.v1 import options_pb2

from chassis import access
from chassis.identity import Caller, CallerKind, current_caller
from chassis.paging import PageRequest
from chassis.refusal import NotFound, PermissionDenied
from chassis.transaction import Transactions
from services.billing import convert
from services.billing.servicers import Context
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import audit

RECORDER = "gateway"
"""The service identity that may add entries: the one door to the outside."""


class AuditServicer(billing.AuditServiceServicer):
    """The audit log."""

    def __init__(self, transactions: Transactions[BillingTransaction]) -> None:
        self._transactions = transactions

    async def RecordWrites(
        self, request: billing.RecordWritesRequest, context: Context
    ) -> billing.RecordWritesResponse:
        caller = current_caller()
        if caller.subject != RECORDER:
            raise PermissionDenied(
                f"Only the gateway writes the audit log; the service {caller.subject} cannot.",
                metadata={"needed": RECORDER, "service": caller.subject},
            )
        entries = [convert.audit_entry_from_proto(entry) for entry in request.entries]
        await self._transactions.run_repeatable(audit.record_writes, entries=entries)
        return billing.RecordWritesResponse()

    async def ListAuditEntries(
        self, request: billing.ListAuditEntriesRequest, context: Context
    ) -> billing.ListAuditEntriesResponse:
        account_id = _account_to_read(current_caller(), request.account_id)
        page = await self._transactions.run(
            audit.list_entries,
            wanted=convert.audit_filter_from_proto(request, account_id=account_id),
            page=PageRequest.of(request),
        )
        return billing.ListAuditEntriesResponse(
            audit_entries=map(convert.audit_entry_to_proto, page.items),
            next_page_token=page.next_page_token,
        )


def _account_to_read(caller: Caller, account_id: str) -> str | None:
    """The operator reads any account's or all; owners read their own, and learn nothing of others."""
    if caller.kind is CallerKind.OPERATOR:
        return account_id.lower() or None
    access.check(options_pb2.ACCESS_OWNER, caller, changes=False)
    if account_id and account_id.lower() != caller.account():
        raise NotFound(kind="account", id=account_id)
    return caller.account()

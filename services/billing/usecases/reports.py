"""Reading an account's credits: grants, reservations, ledger, usage and its sums."""

from datetime import datetime

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.grant import CreditGrant
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy, UsageGroup
from services.billing.store.transaction import BillingTransaction


def list_grants(
    tx: BillingTransaction, *, account_id: str, before: str | None, limit: int
) -> list[CreditGrant]:
    """Grants, newest first."""
    return tx.books.newest_grants(account_id=account_id, before=before, limit=limit)


def list_reservations(
    tx: BillingTransaction, *, account_id: str, status: Status | None, before: str | None, limit: int
) -> list[Reservation]:
    """Reservations, newest first."""
    return tx.reservations.newest(account_id=account_id, status=status, before=before, limit=limit)


def list_transactions(
    tx: BillingTransaction,
    *,
    account_id: str,
    transaction_type: TransactionType | None,
    run_id: str | None,
    before: int | None,
    limit: int,
) -> list[CreditTransaction]:
    """Ledger lines, newest first."""
    return tx.ledger.newest(
        account_id=account_id, transaction_type=transaction_type, run_id=run_id, before=before, limit=limit
    )


def list_usage(
    tx: BillingTransaction,
    *,
    account_id: str,
    operation_type: str | None,
    site_id: str | None,
    run_id: str | None,
    before: str | None,
    limit: int,
) -> list[CreditUsage]:
    """Usage, newest first."""
    return tx.ledger.newest_usage(
        account_id=account_id,
        operation_type=operation_type,
        site_id=site_id,
        run_id=run_id,
        before=before,
        limit=limit,
    )


def summarize_usage(
    tx: BillingTransaction,
    *,
    account_id: str,
    group_by: GroupBy,
    begin: datetime | None,
    end: datetime | None,
) -> list[UsageGroup]:
    """Usage summed up. Raises RequestInvalid for a span that ends before it begins."""
    if begin is not None and end is not None and end < begin:
        raise RequestInvalid(FieldFault("to", "must not lie before from"))
    return tx.ledger.summary(account_id=account_id, group_by=group_by, begin=begin, end=end)

"""Reading an account's credits: grants, reservations, ledger, usage and its sums."""

from datetime import datetime

from chassis.paging import Page, PageRequest
from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.grant import CreditGrant
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy, UsageGroup
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.credits import get_balance


def list_grants(
    tx: BillingTransaction, *, account_id: str, page: PageRequest, now: datetime
) -> Page[CreditGrant]:
    """Grants, newest first; what has run out is booked first."""
    get_balance(tx, account_id=account_id, now=now)
    return tx.books.newest_grants(account_id=account_id, page=page)


def list_reservations(
    tx: BillingTransaction, *, account_id: str, status: Status | None, page: PageRequest, now: datetime
) -> Page[Reservation]:
    """Reservations, newest first; what has run out is booked first, so none is shown alive after its end."""
    get_balance(tx, account_id=account_id, now=now)
    return tx.reservations.newest(account_id=account_id, status=status, page=page)


def list_transactions(
    tx: BillingTransaction,
    *,
    account_id: str,
    transaction_type: TransactionType | None,
    run_id: str | None,
    page: PageRequest,
) -> Page[CreditTransaction]:
    """Ledger lines, newest first."""
    return tx.ledger.newest(
        account_id=account_id, transaction_type=transaction_type, run_id=run_id, page=page
    )


def list_usage(
    tx: BillingTransaction,
    *,
    account_id: str,
    operation_type: str | None,
    site_id: str | None,
    run_id: str | None,
    page: PageRequest,
) -> Page[CreditUsage]:
    """Usage, newest first."""
    return tx.ledger.newest_usage(
        account_id=account_id, operation_type=operation_type, site_id=site_id, run_id=run_id, page=page
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

"""Reading an account's credits: grants, reservations, ledger, usage and its sums."""

from datetime import datetime

from chassis.paging import Page, PageRequest
from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.explanation import Explanation
from services.billing.domain.grant import CreditGrant
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy, SettledUsage, UsageGroup
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.credits import get_balance

EXPORTED_ROWS = 1000
"""Rows of an export that are read together."""


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
    reservation_id: str | None,
    page: PageRequest,
) -> Page[CreditUsage]:
    """Usage, newest first."""
    return tx.ledger.newest_usage(
        account_id=account_id,
        operation_type=operation_type,
        site_id=site_id,
        run_id=run_id,
        reservation_id=reservation_id,
        page=page,
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
    check_span(begin, end)
    return tx.ledger.summary(account_id=account_id, group_by=group_by, begin=begin, end=end)


def explain_charge(tx: BillingTransaction, *, account_id: str, usage_id: str) -> Explanation:
    """How a charge came to its credits. Raises NotFound."""
    usage = tx.ledger.get_usage(usage_id, account_id=account_id)
    deduction = tx.ledger.deduction(usage.transaction_id, account_id=account_id)
    grants = tx.books.grants([grant_id for grant_id, _ in deduction.shares], account_id=account_id)
    return Explanation(deduction=deduction, price=tx.prices.get(usage.price_id), grants=grants)


def usage_after(
    tx: BillingTransaction,
    *,
    account_id: str,
    after: str | None,
    begin: datetime | None,
    end: datetime | None,
) -> list[SettledUsage]:
    """The next thousand rows of an export, oldest first."""
    check_span(begin, end)
    return tx.ledger.usage_after(
        account_id=account_id, after=after, begin=begin, end=end, limit=EXPORTED_ROWS
    )


def check_span(begin: datetime | None, end: datetime | None) -> None:
    """Raises RequestInvalid for a span that ends before it begins."""
    if begin is not None and end is not None and end < begin:
        raise RequestInvalid(FieldFault("to", "must not lie before from"))

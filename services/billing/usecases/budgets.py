"""Budgets: put, lifted, listed."""

from dataclasses import replace
from datetime import datetime

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from services.billing.domain.budget import Budget, Scope, check_limit
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.credits import get_balance
from services.billing.usecases.expiry import expire


def put_budget(
    tx: BillingTransaction,
    *,
    account_id: str,
    scope: Scope,
    target_id: str,
    credits_limit: int | None,
    now: datetime,
) -> Budget | None:
    """Puts a cap, which counts what its window has seen already; None lifts it. Raises RequestInvalid."""
    if credits_limit is not None:
        check_limit(credits_limit)
    target_id = target_id.lower()
    # The account's lock, with what has run out booked: nothing moves between the count and the cap.
    expire(tx, account_id=account_id, now=now)
    found = tx.budgets.find(account_id=account_id, scope=scope, target_id=target_id)
    if credits_limit is None:
        if found is not None:
            tx.budgets.remove(found)
        return None
    if found is not None:
        put = replace(found.at(now), credits_limit=credits_limit, updated_at=now)
        tx.budgets.save([put])
        return put
    window_start = scope.window_start(now)
    spent, held = tx.budgets.counted(
        account_id=account_id, scope=scope, target_id=target_id, window_start=window_start
    )
    made = Budget(
        id=new_id(),
        account_id=account_id,
        scope=scope,
        target_id=target_id,
        credits_limit=credits_limit,
        window_start=window_start,
        spent=spent,
        held=held,
        created_at=now,
        updated_at=now,
    )
    tx.budgets.add(made)
    return made


def list_budgets(
    tx: BillingTransaction, *, account_id: str, target_id: str | None, page: PageRequest, now: datetime
) -> Page[Budget]:
    """Budgets as they are now, newest first; what has run out is booked first."""
    get_balance(tx, account_id=account_id, now=now)
    found = tx.budgets.newest(account_id=account_id, target_id=target_id, page=page)
    return found.map(lambda budget: budget.at(now))

"""Credits outside the rush of work: the balance, grants, quotes."""

from datetime import datetime

from chassis.ids import new_id
from services.billing.domain.balance import Balance
from services.billing.domain.grant import Category, CreditGrant, check_grant
from services.billing.domain.quote import Quote, QuotedWork
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import ACTOR, open_book
from services.billing.usecases.expiry import expire


def get_balance(tx: BillingTransaction, *, account_id: str, now: datetime) -> Balance:
    """What the account has now; what has run out meanwhile is booked first, so that all readers agree."""
    balance, is_due = tx.books.balance(account_id, now=now)
    return expire(tx, account_id=account_id, now=now) if is_due else balance


def grant(
    tx: BillingTransaction,
    *,
    account_id: str,
    amount: int,
    category: Category,
    priority: int = 0,
    expires_at: datetime | None = None,
    description: str = "",
    actor: str = ACTOR,
    now: datetime,
) -> tuple[CreditGrant, Balance]:
    """Gives credits to an account. Raises NotFound, and RequestInvalid for nothing or an end in the past."""
    check_grant(amount=amount, expires_at=expires_at, now=now)
    desk, book = open_book(tx, account_id=account_id, actor=actor, now=now)
    given = CreditGrant(
        id=new_id(),
        account_id=account_id,
        category=category,
        amount=amount,
        remaining=amount,
        priority=priority,
        expires_at=expires_at,
        description=description,
        created_at=now,
    )
    book.grant(given)
    desk.close()
    return given, book.balance


def quote(
    tx: BillingTransaction, *, account_id: str, model_name: str, work: QuotedWork, now: datetime
) -> Quote:
    """What the work costs at the price in force, pinned for 15 minutes. Raises PriceNotFound, RequestInvalid."""
    quoted = Quote.of(
        work,
        id=new_id(),
        account_id=account_id,
        price=tx.prices.in_force(model_name, now=now),
        configuration=tx.configurations.in_force(now=now),
        now=now,
    )
    tx.quotes.add(quoted)
    return quoted

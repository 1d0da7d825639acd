"""Credits outside the rush of work: the balance, grants, quotes."""

from collections.abc import Collection
from datetime import datetime

from chassis.ids import new_id
from services.billing.domain.balance import Balance
from services.billing.domain.grant import Category, CreditGrant, check_grant
from services.billing.domain.level import LOW_THRESHOLD
from services.billing.domain.quote import Quote, QuotedWork
from services.billing.domain.reversal import Reversed
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import ACTOR, Desk, open_book, targets
from services.billing.usecases.expiry import expire


def get_balance(tx: BillingTransaction, *, account_id: str, now: datetime) -> Balance:
    """What the account has now; what has run out meanwhile is booked first, so that all readers agree."""
    balance, is_due = tx.books.balance(account_id, now=now)
    return expire(tx, account_id=account_id, now=now) if is_due else balance


def get_balances(
    tx: BillingTransaction, *, account_ids: Collection[str], now: datetime
) -> dict[str, Balance | None]:
    """The balances of many accounts by one read; None where `get_balance` has something to book first.

    Accounts that do not exist are not in it.
    """
    found = tx.books.balances(account_ids, now=now)
    return {account_id: None if is_due else balance for account_id, (balance, is_due) in found.items()}


def grant(
    tx: BillingTransaction,
    *,
    account_id: str,
    amount: int,
    category: Category,
    priority: int = 0,
    effective_at: datetime | None = None,
    expires_at: datetime | None = None,
    description: str = "",
    actor: str = ACTOR,
    now: datetime,
) -> tuple[CreditGrant, Balance]:
    """Gives credits to an account, now or from `effective_at` on.

    Raises NotFound, and RequestInvalid for nothing or an end before its beginning.
    """
    check_grant(amount=amount, effective_at=effective_at, expires_at=expires_at, now=now)
    desk, book = open_book(tx, account_id=account_id, actor=actor, now=now)
    given = CreditGrant(
        id=new_id(),
        account_id=account_id,
        category=category,
        amount=amount,
        remaining=amount,
        priority=priority,
        effective_at=effective_at,
        expires_at=expires_at,
        description=description,
        created_at=now,
    )
    given = book.grant(given)
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


def void_grant(
    tx: BillingTransaction, *, account_id: str, grant_id: str, actor: str, now: datetime
) -> tuple[CreditGrant, Balance]:
    """Takes back what of a grant is not spent or held; the second time there is nothing left. Raises NotFound."""
    desk, book = open_book(tx, account_id=account_id, actor=actor, now=now)
    found = book.grants.get(grant_id.lower()) or tx.books.get_grant(grant_id, account_id=account_id)
    voided = book.void_grant(found)
    desk.close()
    return voided, book.balance


def reverse_charge(
    tx: BillingTransaction, *, account_id: str, transaction_id: str, reason: str, actor: str, now: datetime
) -> Reversed:
    """Gives a charge back to the grants it was drawn on, once. Raises AlreadyReversed, NotFound."""
    begun_for = tx.ledger.deduction(transaction_id, account_id=account_id)
    desk = Desk.open(tx, [account_id], now=now, target_ids=targets(begun_for.purpose))
    book = desk.book(account_id, actor=actor)
    # Read again under the lock: another reversal may have been quicker.
    deduction = tx.ledger.deduction(transaction_id, account_id=account_id)
    spent = [grant_id for grant_id, _ in deduction.shares if grant_id not in book.grants]
    book.grants.update(tx.books.grants(spent, account_id=account_id))
    before = book.balance.credits
    line = book.reverse(deduction, reason=reason)
    desk.close()
    ended = before + line.amount - book.balance.credits
    return Reversed(line=line, ended_credits=ended, balance=book.balance)


def get_low_threshold(tx: BillingTransaction, *, account_id: str) -> int | None:
    """At or below how many credits the account is low; None where it has no threshold of its own."""
    return tx.books.low_threshold(account_id)


def put_low_threshold(
    tx: BillingTransaction, *, account_id: str, low_threshold: int | None, actor: str, now: datetime
) -> int | None:
    """Puts the threshold, and tells at once what level follows from it; None means the usual one."""
    desk, book = open_book(tx, account_id=account_id, actor=actor, now=now)
    book.put_low_threshold(LOW_THRESHOLD if low_threshold is None else low_threshold)
    desk.close()
    tx.books.save_low_threshold(book, low_threshold)
    return low_threshold

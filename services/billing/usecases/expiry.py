"""What time does: holds and grants run out, prices come into force, old quotes are forgotten."""

from datetime import datetime, timedelta

from services.billing.domain.balance import Balance
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import open_book

QUOTES_KEPT = timedelta(days=1)
QUOTES_FORGOTTEN_MAX = 5_000
SIGN_INS_FORGOTTEN_MAX = 5_000
ACCOUNTS_MAX = 500


def due_accounts(tx: BillingTransaction, *, now: datetime) -> list[str]:
    """Accounts of which something has run out and is not booked yet, at most 500 in a call."""
    return tx.books.due_accounts(now=now, limit=ACCOUNTS_MAX)


def expire(tx: BillingTransaction, *, account_id: str, now: datetime) -> Balance:
    """Books what has run out of one account; the second time there is nothing to book."""
    desk, book = open_book(tx, account_id=account_id, now=now)
    desk.close()
    return book.balance


def put_prices_in_force(tx: BillingTransaction, *, now: datetime) -> int:
    """Marks the versions whose time has come; returns how many models changed. Quotes never wait for it."""
    return tx.prices.mark_in_force(now=now)


def forget_quotes(tx: BillingTransaction, *, now: datetime) -> int:
    """Deletes quotes a day after they expired, some thousands in a call; returns how many."""
    return tx.quotes.forget(expired_before=now - QUOTES_KEPT, limit=QUOTES_FORGOTTEN_MAX)


def forget_sign_ins(tx: BillingTransaction, *, now: datetime) -> None:
    """Deletes sessions and counts of sign-ins that have run out, some thousands in a call."""
    tx.sessions.forget_expired(now=now, rows_max=SIGN_INS_FORGOTTEN_MAX)
    tx.sign_in_counts.forget_ended(now=now, rows_max=SIGN_INS_FORGOTTEN_MAX)

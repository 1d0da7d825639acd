"""What time does: holds and grants run out, prices come into force, old quotes are forgotten."""

from datetime import datetime, timedelta

from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.store.transaction import BillingTransaction

ACTOR = "service:billing"
QUOTES_KEPT = timedelta(days=1)
QUOTES_FORGOTTEN_MAX = 5_000
ACCOUNTS_MAX = 500


def open_book(tx: BillingTransaction, *, account_id: str, actor: str, now: datetime) -> AccountBook:
    """The account's book under lock, with everything booked that has run out by now. Raises NotFound.

    So no decision sees a hold or a grant whose time has ended, whether or not the sweeper came by.
    """
    book = tx.books.open(account_id, actor=actor, now=now)
    due = tx.reservations.lock_due(account_id=account_id, now=now)
    if due:
        book.held.update(tx.books.held(reservation.id for reservation in due))
    for reservation in due:
        tx.reservations.save(book.expire_hold(reservation))
    book.expire_grants()
    return book


def due_accounts(tx: BillingTransaction, *, now: datetime) -> list[str]:
    """Accounts of which something has run out and is not booked yet, at most 500 in a call."""
    return tx.books.due_accounts(now=now, limit=ACCOUNTS_MAX)


def expire(tx: BillingTransaction, *, account_id: str, now: datetime) -> Balance:
    """Books what has run out of one account; the second time there is nothing to book."""
    book = open_book(tx, account_id=account_id, actor=ACTOR, now=now)
    tx.close_book(book)
    return book.balance


def put_prices_in_force(tx: BillingTransaction, *, now: datetime) -> int:
    """Marks the versions whose time has come; returns how many models changed. Quotes never wait for it."""
    return tx.prices.mark_in_force(now=now)


def forget_quotes(tx: BillingTransaction, *, now: datetime) -> int:
    """Deletes quotes a day after they expired, some thousands in a call; returns how many."""
    return tx.quotes.forget(expired_before=now - QUOTES_KEPT, limit=QUOTES_FORGOTTEN_MAX)

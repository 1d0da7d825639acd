"""Moving credits: granted, quoted, held, charged and given back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from chassis.ids import new_id
from services.billing.domain.balance import Balance
from services.billing.domain.grant import Category, CreditGrant, check_grant
from services.billing.domain.price import Work
from services.billing.domain.quote import Quote, QuotedWork
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.usage import CreditUsage
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.expiry import ACTOR, expire, open_book


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """An item's charge, with the reservation and the balance after it."""

    reservation: Reservation
    usage: CreditUsage
    balance: Balance


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
    book = open_book(tx, account_id=account_id, actor=actor, now=now)
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
    tx.close_book(book)
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


def reserve(
    tx: BillingTransaction,
    *,
    account_id: str,
    quote_id: str,
    purpose: Purpose,
    lifetime: timedelta,
    actor: str,
    now: datetime,
) -> tuple[Reservation, Balance]:
    """Holds a quote's maximum. Raises InsufficientCredits, QuoteExpired, AccountSuspended, NotFound."""
    tx.accounts.get(account_id).check_may_write()
    quoted = tx.quotes.get(quote_id, account_id=account_id)
    reservation = Reservation.of(quoted, id=new_id(), purpose=purpose, lifetime=lifetime, now=now)
    book = open_book(tx, account_id=account_id, actor=actor, now=now)
    book.hold(reservation)
    tx.reservations.add(reservation)
    tx.close_book(book)
    return reservation, book.balance


def capture(
    tx: BillingTransaction,
    *,
    account_id: str,
    reservation_id: str,
    item_id: str,
    work: Work,
    provider_cost_usd: Decimal | None,
    description: str,
    metadata: Mapping[str, Any],
    final: bool,
    actor: str,
    now: datetime,
) -> Captured:
    """Charges one item once; the second time answers the first charge. Raises ReservationEnded, NotFound."""
    book = open_book(tx, account_id=account_id, actor=actor, now=now)
    reservation = tx.reservations.lock(reservation_id, account_id=account_id)
    book.held.update(tx.books.held([reservation_id]))
    before = tx.ledger.usage_of_item(reservation_id=reservation_id, item_id=item_id)
    if before is not None:
        tx.close_book(book)
        return Captured(reservation=reservation, usage=before, balance=book.balance)
    reservation, usage = book.capture(
        reservation,
        price=tx.prices.get(reservation.price_id),
        work=work,
        item_id=item_id,
        provider_cost_usd=provider_cost_usd,
        description=description,
        metadata=metadata,
        final=final,
    )
    tx.reservations.save(reservation)
    tx.close_book(book)
    return Captured(reservation=reservation, usage=usage, balance=book.balance)


def release(
    tx: BillingTransaction, *, account_id: str, reservation_id: str, why: str, actor: str, now: datetime
) -> tuple[Reservation, Balance]:
    """Gives back what a reservation still holds; one that has ended stays as it is. Raises NotFound."""
    book = open_book(tx, account_id=account_id, actor=actor, now=now)
    reservation = tx.reservations.lock(reservation_id, account_id=account_id)
    book.held.update(tx.books.held([reservation_id]))
    released = book.release(reservation, why=why)
    tx.reservations.save(released)
    tx.close_book(book)
    return released, book.balance

"""The desk: accounts' books that are open together, with everything that the orders at hand ask about."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from chassis.idempotency import RequestKey
from chassis.ids import new_id
from chassis.refusal import NotFound
from services.billing.domain.account import AccountSuspended
from services.billing.domain.book import AccountBook
from services.billing.domain.budget import Scope
from services.billing.domain.item import Terms
from services.billing.domain.order import (
    BatchCharge,
    Capture,
    Charge,
    ChargedWork,
    Extend,
    Order,
    Release,
    Reserve,
)
from services.billing.domain.price import PriceNotFound
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.store.opening import Asked, Opening
from services.billing.store.transaction import BillingTransaction

ACTOR = "service:billing"


@dataclass(slots=True, kw_only=True)
class Desk:
    """Books under lock, in which everything is booked that has run out by now.

    So no decision sees a hold or a grant whose time has ended, whether or not the sweeper came by.
    """

    tx: BillingTransaction
    now: datetime
    opening: Opening
    reservations: dict[str, Reservation]
    made: dict[str, Reservation] = field(default_factory=dict)
    moved: dict[str, Reservation] = field(default_factory=dict)

    @classmethod
    def open(
        cls, tx: BillingTransaction, account_ids: Collection[str], *, now: datetime, **asked: Any
    ) -> Self:
        """Locks the accounts that there are, and reads what else is asked about (the fields of `Asked`)."""
        opening = tx.openings.open(Asked(account_ids=account_ids, **asked), actor=ACTOR, now=now)
        desk = cls(tx=tx, now=now, opening=opening, reservations=dict(opening.reservations))
        for reservation in opening.due:
            desk.save(desk.books[reservation.account_id].expire_hold(reservation))
        for book in desk.books.values():
            book.begin_grants()
            book.end_grants()
        return desk

    @classmethod
    def for_orders(
        cls,
        tx: BillingTransaction,
        orders: Collection[Order],
        *,
        keys: Collection[RequestKey] = (),
        now: datetime,
    ) -> Self:
        """A desk with everything that these orders name, and the answers that were given to these calls before."""
        works = [work for order in orders for work in _works(order)]
        reserves = [order for order in orders if isinstance(order, Reserve)]
        captures = [order for order in orders if isinstance(order, Capture)]
        return cls.open(
            tx,
            {order.account_id for order in orders},
            now=now,
            reservation_ids={
                order.reservation_id for order in orders if isinstance(order, Capture | Release | Extend)
            },
            quote_ids={order.quote_id for order in reserves},
            target_ids=targets(*(work.purpose for work in works), *(order.purpose for order in reserves)),
            model_names={work.model_name for work in works},
            items=[(order.reservation_id, order.item.item_id) for order in captures],
            keys=keys,
        )

    @property
    def books(self) -> dict[str, AccountBook]:
        """The accounts that there are."""
        return self.opening.books

    def close(self) -> None:
        """Writes everything that was decided, when the transaction sends what it has to write."""
        self.tx.reservations.add(list(self.made.values()))
        self.tx.reservations.save(list(self.moved.values()))
        self.tx.close_books(self.books.values())

    def book(self, account_id: str, *, actor: str = ACTOR, cause: str = "") -> AccountBook:
        """The account's book, for whom and in which trace. Raises NotFound."""
        book = self.books.get(account_id)
        if book is None:
            raise NotFound(kind="account", id=account_id)
        book.actor, book.cause = actor, cause
        return book

    def check_may_write(self, account_id: str) -> None:
        """Raises AccountSuspended."""
        if account_id in self.opening.suspended:
            raise AccountSuspended(account_id)

    def reservation(self, reservation_id: str, *, account_id: str) -> Reservation:
        """Raises NotFound, for reservations of other accounts too."""
        found = self.reservations.get(reservation_id.lower())
        if found is None or found.account_id != account_id:
            raise NotFound(kind="reservation", id=reservation_id)
        return found

    def quote(self, quote_id: str, *, account_id: str) -> Quote:
        """Raises NotFound, for quotes of other accounts too."""
        found = self.opening.quotes.get(quote_id.lower())
        if found is None or found.account_id != account_id:
            raise NotFound(kind="quote", id=quote_id)
        return found

    def terms(self, work: ChargedWork) -> Terms:
        """The terms in force now. Raises PriceNotFound."""
        price = self.opening.models.get(work.model_name)
        if price is None:
            raise PriceNotFound(work.model_name)
        configuration = self.opening.configuration
        return Terms(
            operation_type=work.operation_type,
            price=price,
            credit_price_usd=configuration.default_credit_price_usd,
            minimum_credits=configuration.minimum_for(work.operation_type),
            purpose=work.purpose,
        )

    def add(self, reservation: Reservation) -> None:
        """A hold that was made."""
        self.reservations[reservation.id] = self.made[reservation.id] = reservation

    def save(self, reservation: Reservation) -> None:
        """A hold that has moved."""
        kept = self.made if reservation.id in self.made else self.moved
        self.reservations[reservation.id] = kept[reservation.id] = reservation


def open_book(
    tx: BillingTransaction, *, account_id: str, actor: str = ACTOR, now: datetime
) -> tuple[Desk, AccountBook]:
    """A desk with one account's book. Raises NotFound."""
    desk = Desk.open(tx, [account_id], now=now)
    return desk, desk.book(account_id, actor=actor)


def new_reservation(desk: Desk, order: Reserve) -> Reservation:
    """The hold an order asks for, not booked yet. Raises NotFound, QuoteExpired."""
    quote = desk.quote(order.quote_id, account_id=order.account_id)
    return Reservation.of(quote, id=new_id(), purpose=order.purpose, lifetime=order.lifetime, now=desk.now)


def targets(*purposes: Purpose) -> set[str]:
    """The ids of everything whose budgets concern work for these purposes."""
    found = {scope.target_of(purpose) for purpose in purposes for scope in Scope}
    return {target for target in found if target is not None}


def _works(order: Order) -> tuple[ChargedWork, ...]:
    match order:
        case Charge():
            return (order.work,)
        case BatchCharge():
            return order.works
        case _:
            return ()

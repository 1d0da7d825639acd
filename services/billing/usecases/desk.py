"""The desk: accounts' books that are open together, with everything that the orders at hand ask about."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from chassis.ids import new_id
from chassis.refusal import NotFound
from services.billing.domain.account import AccountSuspended
from services.billing.domain.book import AccountBook
from services.billing.domain.budget import Scope
from services.billing.domain.configuration import BillingConfiguration
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
from services.billing.domain.price import ModelPrice, PriceNotFound
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.usage import CreditUsage
from services.billing.store.transaction import BillingTransaction

ACTOR = "service:billing"


@dataclass(slots=True, kw_only=True)
class Desk:
    """Books under lock, in which everything is booked that has run out by now.

    So no decision sees a hold or a grant whose time has ended, whether or not the sweeper came by.
    """

    tx: BillingTransaction
    now: datetime
    books: dict[str, AccountBook]
    reservations: dict[str, Reservation]
    quotes: dict[str, Quote] = field(default_factory=dict)
    prices: dict[str, ModelPrice] = field(default_factory=dict)
    models: dict[str, ModelPrice] = field(default_factory=dict)
    captured: dict[tuple[str, str], CreditUsage] = field(default_factory=dict)
    suspended: frozenset[str] = frozenset()
    configuration: BillingConfiguration | None = None
    made: dict[str, Reservation] = field(default_factory=dict)
    moved: dict[str, Reservation] = field(default_factory=dict)

    @classmethod
    def open(
        cls,
        tx: BillingTransaction,
        account_ids: Collection[str],
        *,
        now: datetime,
        reservation_ids: Collection[str] = (),
        purposes: Iterable[Purpose] = (),
    ) -> Self:
        """Locks the accounts that there are, and reads those reservations of them."""
        books = tx.books.open(account_ids, actor=ACTOR, now=now)
        due = tx.reservations.due(account_ids=account_ids, now=now)
        asked = tx.reservations.find(reservation_ids) if reservation_ids else {}
        # Nobody moves a reservation without its account's lock; one of an account not locked here is not ours.
        reservations = {id: one for id, one in asked.items() if one.account_id in books}
        reservations |= {one.id: one for one in due}
        desk = cls(tx=tx, now=now, books=books, reservations=reservations)
        desk._read_held()
        desk._read_budgets([*purposes, *(one.purpose for one in reservations.values())])
        for reservation in due:
            desk.save(books[reservation.account_id].expire_hold(reservation))
        for book in books.values():
            book.end_grants()
        return desk

    @classmethod
    def for_orders(cls, tx: BillingTransaction, orders: Collection[Order], *, now: datetime) -> Self:
        """A desk with everything that these orders name."""
        works = [work for order in orders for work in _works(order)]
        reserves = [order for order in orders if isinstance(order, Reserve)]
        captures = [order for order in orders if isinstance(order, Capture)]
        desk = cls.open(
            tx,
            {order.account_id for order in orders},
            now=now,
            reservation_ids={
                order.reservation_id for order in orders if isinstance(order, Capture | Release | Extend)
            },
            purposes=[*(work.purpose for work in works), *(order.purpose for order in reserves)],
        )
        if works or reserves:
            desk.suspended = tx.books.suspended(list(desk.books))
        if reserves:
            desk.quotes = tx.quotes.find({order.quote_id for order in reserves})
        if works:
            desk.models = tx.prices.of_models({work.model_name for work in works}, now=now)
            desk.configuration = tx.configurations.in_force(now=now)
        if captures:
            pinned = {one.price_id for one in desk.reservations.values()}
            desk.prices = tx.prices.find(pinned) if pinned else {}
            desk.captured = tx.ledger.usage_of_items(
                [(order.reservation_id, order.item.item_id) for order in captures]
            )
        return desk

    def close(self) -> None:
        """Writes everything that was decided."""
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
        if account_id in self.suspended:
            raise AccountSuspended(account_id)

    def reservation(self, reservation_id: str, *, account_id: str) -> Reservation:
        """Raises NotFound, for reservations of other accounts too."""
        found = self.reservations.get(reservation_id.lower())
        if found is None or found.account_id != account_id:
            raise NotFound(kind="reservation", id=reservation_id)
        return found

    def quote(self, quote_id: str, *, account_id: str) -> Quote:
        """Raises NotFound, for quotes of other accounts too."""
        found = self.quotes.get(quote_id.lower())
        if found is None or found.account_id != account_id:
            raise NotFound(kind="quote", id=quote_id)
        return found

    def terms(self, work: ChargedWork) -> Terms:
        """The terms in force now. Raises PriceNotFound."""
        price = self.models.get(work.model_name)
        if price is None:
            raise PriceNotFound(work.model_name)
        assert self.configuration is not None, "it is read whenever there is work to charge"
        return Terms(
            operation_type=work.operation_type,
            price=price,
            credit_price_usd=self.configuration.default_credit_price_usd,
            minimum_credits=self.configuration.minimum_for(work.operation_type),
            purpose=work.purpose,
        )

    def add(self, reservation: Reservation) -> None:
        """A hold that was made."""
        self.reservations[reservation.id] = self.made[reservation.id] = reservation

    def save(self, reservation: Reservation) -> None:
        """A hold that has moved."""
        kept = self.made if reservation.id in self.made else self.moved
        self.reservations[reservation.id] = kept[reservation.id] = reservation

    def _read_held(self) -> None:
        if not self.reservations:
            return
        for reservation_id, kept in self.tx.books.held(self.reservations).items():
            self.books[self.reservations[reservation_id].account_id].held[reservation_id] = kept

    def _read_budgets(self, purposes: Iterable[Purpose]) -> None:
        targets = {
            target
            for purpose in purposes
            for scope in Scope
            if (target := scope.target_of(purpose)) is not None
        }
        if not targets:
            return
        for budget in self.tx.budgets.of_targets(targets, account_ids=list(self.books)):
            self.books[budget.account_id].budgets[budget.id] = budget


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


def _works(order: Order) -> tuple[ChargedWork, ...]:
    match order:
        case Charge():
            return (order.work,)
        case BatchCharge():
            return order.works
        case _:
            return ()

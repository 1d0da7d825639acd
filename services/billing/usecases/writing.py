"""Carrying out orders: many in one transaction, each for itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import Message

from chassis.idempotency import RequestKey
from chassis.idempotency_batch import Answer, name_of, store_answers
from chassis.refusal import Refusal
from services.billing.domain.book import AccountBook
from services.billing.domain.order import (
    BatchCharge,
    BatchCharged,
    Capture,
    Captured,
    Charge,
    Charged,
    ChargedWork,
    Extend,
    Held,
    Order,
    Outcome,
    Release,
    Reserve,
)
from services.billing.domain.reservation import Status
from services.billing.domain.usage import CreditUsage
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import Desk, new_reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An order as it came over the wire: by which id it is known, and how its outcome is answered."""

    order: Order
    key: RequestKey | None
    pack: Callable[[Outcome], Message]
    traceparent: str = ""


Result = Message | bytes | Refusal
"""The first answer, the stored one of a repeat, or why there is none."""


def write(tx: BillingTransaction, *, submissions: Sequence[Submission], now: datetime) -> list[Result]:
    """Carries out the orders in turn, each for itself, and gives each its answer.

    An order whose id was used before gets the first answer; a refusal is not stored, so its id may be used again.
    """
    keys = [each.key for each in submissions if each.key is not None]
    desk = Desk.for_orders(tx, [each.order for each in submissions], keys=keys, now=now)
    # Read under the accounts' locks, which every such order takes first: what is not there now was never answered.
    answered = dict(desk.opening.answered)
    stored: list[tuple[RequestKey, bytes]] = []
    results: list[Result] = []
    for each in submissions:
        try:
            if each.key is None:
                results.append(each.pack(carry_out(desk, each.order, cause=each.traceparent)))
            elif (before := answered.get(name_of(each.key))) is not None:
                results.append(before.to(each.key))
            else:
                answer = each.pack(carry_out(desk, each.order, cause=each.traceparent))
                packed = answer.SerializeToString()
                answered[name_of(each.key)] = Answer(each.key.request_hash, packed)
                stored.append((each.key, packed))
                results.append(answer)
        except Refusal as refusal:
            results.append(refusal)
    desk.close()
    store_answers(tx.writes, stored)
    return results


def write_one(tx: BillingTransaction, *, order: Order, now: datetime) -> Outcome:
    """Carries out one order. Raises what it is refused for."""
    desk = Desk.for_orders(tx, [order], now=now)
    outcome = carry_out(desk, order)
    desk.close()
    return outcome


def carry_out(desk: Desk, order: Order, *, cause: str = "") -> Outcome:
    """Books one order. Raises what it is refused for, before anything is moved."""
    book = desk.book(order.account_id, actor=order.actor, cause=cause)
    match order:
        case Charge():
            desk.check_may_write(order.account_id)
            return Charged(usage=_charge(desk, book, order.work), balance=book.balance)
        case Capture():
            return _capture(desk, book, order)
        case Reserve():
            desk.check_may_write(order.account_id)
            return _reserve(desk, book, order)
        case BatchCharge():
            desk.check_may_write(order.account_id)
            outcomes = tuple(_try_charge(desk, book, work) for work in order.works)
            return BatchCharged(outcomes=outcomes, balance=book.balance)
        case Release():
            reservation = desk.reservation(order.reservation_id, account_id=order.account_id)
            if reservation.status is Status.ACTIVE:
                desk.save(book.release(reservation, why=order.why))
        case Extend():
            reservation = desk.reservation(order.reservation_id, account_id=order.account_id)
            desk.save(reservation.extend(expires_at=desk.now + order.lifetime))
    return Held(reservation=desk.reservations[reservation.id], balance=book.balance)


def _reserve(desk: Desk, book: AccountBook, order: Reserve) -> Held:
    reservation = new_reservation(desk, order)
    book.hold(reservation)
    desk.add(reservation)
    return Held(reservation=reservation, balance=book.balance)


def _capture(desk: Desk, book: AccountBook, order: Capture) -> Captured:
    reservation = desk.reservation(order.reservation_id, account_id=order.account_id)
    # An item is charged once, by whatever request: the second time answers the first charge.
    key = (reservation.id, order.item.item_id)
    before = desk.opening.captured.get(key)
    if before is not None:
        return Captured(reservation=reservation, usage=before, balance=book.balance)
    reservation, usage = book.capture(
        reservation,
        order.item,
        price=desk.opening.prices[reservation.price_id],
        excess=order.excess,
        final=order.final,
    )
    desk.save(reservation)
    desk.opening.captured[key] = usage
    return Captured(reservation=reservation, usage=usage, balance=book.balance)


def _charge(desk: Desk, book: AccountBook, work: ChargedWork) -> CreditUsage:
    return book.charge(work.item, terms=desk.terms(work))


def _try_charge(desk: Desk, book: AccountBook, work: ChargedWork) -> CreditUsage | Refusal:
    try:
        return _charge(desk, book, work)
    except Refusal as refusal:
        return refusal

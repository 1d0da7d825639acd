"""An account's book: every move is a line, falls on grants to the credit, and is told with the balance after it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.book import AccountBook
from services.billing.domain.events import CreditsExpired, CreditsReleased
from services.billing.domain.grant import Category
from services.billing.domain.item import Excess
from services.billing.domain.reservation import (
    LIFETIME,
    CaptureExceedsReservation,
    Reservation,
    ReservationEnded,
    Status,
)
from services.billing.domain.transaction import TransactionType
from services.billing.domain.work import Work
from tests.billing.domain.builders import (
    a_book,
    a_grant,
    a_reservation,
    a_text_price,
    an_image_price,
    an_item,
    later,
)


def test_a_hold_is_drawn_on_grants_in_their_order() -> None:
    first, second = a_grant(amount=6, priority=1), a_grant(amount=6, priority=2)
    book = a_book(second, first)

    book.hold(a_reservation(id="the hold", amount=8))

    assert book.held["the hold"] == {first.id: 6, second.id: 2}
    assert book.grants[first.id].available == 0


def test_a_capture_takes_from_the_grants_its_hold_was_drawn_on() -> None:
    held, younger = a_grant(amount=6, priority=5), a_grant(amount=6, priority=1)
    book = a_book(held)
    reservation = a_reservation(amount=4)
    book.hold(reservation)
    book.grant(younger)

    book.capture(reservation, an_item(Work(images=3)), price=an_image_price())

    assert (book.grants[held.id].remaining, book.grants[younger.id].remaining) == (3, 6)


def test_a_capture_beyond_the_hold_is_one_line_and_one_draw_a_grant() -> None:
    grant = a_grant(amount=20)
    book = a_book(grant)
    reservation = a_reservation(amount=4)
    book.hold(reservation)

    book.capture(
        reservation,
        an_item(Work(output_tokens=700)),
        price=a_text_price(),
        excess=Excess(takes_available=True),
    )

    line, draw = book.lines[-1], book.draws[-1]
    assert (line.amount, line.reserved_amount) == (-7, -4)
    assert (draw.amount, draw.reserved_amount, draw.transaction_id) == (-7, -4, line.id)
    assert line.metadata == {"beyond_hold": 3}


def test_a_line_says_what_was_made() -> None:
    book = a_book(a_grant())
    reservation = a_reservation(amount=10)
    book.hold(reservation)

    book.capture(reservation, an_item(Work(images=3)), price=an_image_price())

    assert book.lines[-1].description == "3 images with an-image-model"
    assert (book.lines[-1].operation_type, book.lines[-1].related_id) == ("image_generation", reservation.id)


def test_what_the_caller_tells_is_kept_beside_our_own_facts() -> None:
    book = a_book(a_grant(amount=1))
    reservation = a_reservation(amount=1)
    book.hold(reservation)

    book.capture(
        reservation,
        an_item(
            Work(images=2),
            description="Cover of the article",
            metadata={"images_created": 2, "platform_loss_credits": 0},
        ),
        price=an_image_price(),
        excess=Excess(absorbs=True),
    )

    assert book.lines[-1].description == "Cover of the article"
    assert book.lines[-1].metadata == {"images_created": 2, "platform_loss_credits": 1}


def test_a_final_capture_of_the_whole_hold_gives_nothing_back() -> None:
    book = a_book(a_grant())
    reservation = a_reservation(amount=3)
    book.hold(reservation)

    ended, _ = book.capture(reservation, an_item(Work(images=3)), price=an_image_price(), final=True)

    assert ended.status is Status.CAPTURED
    assert book.lines[-1].transaction_type is TransactionType.DEDUCTION
    assert not any(isinstance(event, CreditsReleased) for event in book.events)


def test_a_late_final_capture_leaves_the_reservation_expired() -> None:
    book = a_book(a_grant())
    expired = replace(a_reservation(amount=3, expires_at=later()), status=Status.EXPIRED, released=3)

    ended, usage = book.capture(expired, an_item(Work(images=3)), price=an_image_price(), final=True)

    assert (ended, usage.credits_used) == (replace(expired, captured_late=3), 3)
    assert book.balance.credits == 97


def test_a_refused_hold_leaves_the_book_as_it_was() -> None:
    book = a_book(a_grant(amount=5))
    before = (book.balance, dict(book.grants), list(book.lines), list(book.events))

    with pytest.raises(InsufficientCredits):
        book.hold(a_reservation(amount=6))

    assert (book.balance, book.grants, book.lines, book.events) == before


def test_an_expired_hold_and_an_expired_grant_are_told_apart() -> None:
    grant = a_grant(amount=10, expires_at=later(days=1))
    book = a_book(grant)
    reservation = a_reservation(amount=4)
    book.hold(reservation)
    book.now = later(days=1)

    book.expire_hold(reservation)

    hold, rest = [event for event in book.events if isinstance(event, CreditsExpired)]
    assert (hold.reservation_id, hold.grant_id, hold.amount) == (reservation.id, None, 4)
    assert (rest.reservation_id, rest.grant_id, rest.amount) == (None, grant.id, 10)
    assert book.balance.credits == 0


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["grant", "hold", "capture", "final", "release", "wait"]),
        st.integers(1, 25),
        st.integers(0, 5),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(operations=OPERATIONS)
def test_whatever_happens_the_ledger_adds_up(operations: list[tuple[str, int, int]]) -> None:
    book = a_book()
    reservations: list[Reservation] = []

    for operation, credits, choice in operations:
        _apply(book, reservations, operation, credits, choice)

    balance = book.balance
    assert balance.credits == sum(line.amount for line in book.lines)
    assert balance.reserved == sum(line.reserved_amount for line in book.lines)
    assert balance.reserved == sum(each.left for each in reservations if each.status is Status.ACTIVE)
    assert [line.sequence for line in book.lines] == list(range(1, balance.sequence + 1))
    assert all(0 <= line.reserved_after <= line.balance_after for line in book.lines)
    assert balance.credits == sum(grant.remaining for grant in book.grants.values())
    assert balance.reserved == sum(grant.reserved for grant in book.grants.values())
    for grant in book.grants.values():
        own = [draw for draw in book.draws if draw.grant_id == grant.id]
        assert grant.remaining == sum(draw.amount for draw in own)
        assert grant.reserved == sum(draw.reserved_amount for draw in own)
    deducted = [line for line in book.lines if line.transaction_type is TransactionType.DEDUCTION]
    assert [line.id for line in deducted] == [usage.transaction_id for usage in book.usage]
    assert [-line.amount for line in deducted] == [usage.credits_used for usage in book.usage]
    assert all(usage.credit_value_usd == usage.credits_used * Decimal("0.01") for usage in book.usage)
    assert all(each.left == 0 for each in reservations if each.status is not Status.ACTIVE)
    assert all(0 <= each.captured_late <= each.released for each in reservations)


def _apply(
    book: AccountBook, reservations: list[Reservation], operation: str, credits: int, choice: int
) -> None:
    """One operation on the book, as the use cases do it; refusals are as good an end as any."""
    if operation == "grant":
        ends = book.now + LIFETIME * choice if choice else None
        category = list(Category)[choice % 3]
        book.grant(a_grant(amount=credits, priority=choice % 2, expires_at=ends, category=category))
    elif operation == "hold":
        reservation = a_reservation(amount=credits, expires_at=book.now + LIFETIME)
        try:
            book.hold(reservation)
        except InsufficientCredits:
            return
        reservations.append(reservation)
    elif operation == "wait":
        book.now += LIFETIME * credits / 10
        for number, each in enumerate(reservations):
            if each.is_due(now=book.now):
                reservations[number] = book.expire_hold(each)
        book.end_grants()
    elif reservations:
        number = choice % len(reservations)
        if operation == "release":
            reservations[number] = book.release(reservations[number])
            return
        try:
            reservations[number], _ = book.capture(
                reservations[number],
                an_item(Work(images=credits)),
                price=an_image_price(),
                excess=Excess(takes_available=choice > 1, absorbs=choice % 2 == 0),
                final=operation == "final",
            )
        except (ReservationEnded, CaptureExceedsReservation):
            return

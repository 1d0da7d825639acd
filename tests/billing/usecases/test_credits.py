"""Credits are granted, held, charged and given back, and the books add up after each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from chassis.ids import new_id
from chassis.refusal import AccountSuspended, NotFound, RequestInvalid
from chassis.testing import recorded
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.grant import Category
from services.billing.domain.price import PriceNotFound
from services.billing.domain.quote import QUOTE_LIFETIME, QuoteExpired
from services.billing.domain.reservation import Purpose, Reservation, ReservationEnded, Status
from services.billing.domain.usage import CostSource
from tests.billing.books import Billing


@pytest.fixture(autouse=True)
def _books_add_up(billing: Billing) -> Iterator[None]:
    yield
    billing.check_books()


def test_a_granted_credit_can_be_spent(billing: Billing) -> None:
    account = billing.account(credits=40)

    balance = billing.balance(account)

    assert (balance.credits, balance.reserved, balance.available, balance.sequence) == (40, 0, 40, 1)


def test_a_hold_is_taken_from_what_is_available_and_not_from_the_credits(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)

    reservation = billing.reserve(account, images=30)

    balance = billing.balance(account)
    assert reservation.amount == 30
    assert (balance.credits, balance.reserved, balance.available) == (40, 30, 10)


def test_each_captured_image_moves_the_balance(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=3)

    balances = [
        billing.capture(reservation, item_id=f"image {number}", images=1).balance for number in range(3)
    ]

    assert [(each.credits, each.reserved) for each in balances] == [(35, 10), (30, 5), (25, 0)]


def test_a_final_capture_gives_the_rest_back(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=3)

    captured = billing.capture(reservation, images=1, final=True)

    assert captured.reservation.status is Status.CAPTURED
    assert (captured.reservation.captured, captured.reservation.released) == (5, 10)
    assert (captured.balance.credits, captured.balance.reserved) == (35, 0)


def test_a_failed_call_costs_nothing(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=3)

    released = billing.release(reservation)

    balance = billing.balance(account)
    assert released.status is Status.RELEASED
    assert (balance.credits, balance.reserved) == (40, 0)


def test_releasing_twice_changes_nothing(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=3)
    first = billing.release(reservation)
    before = billing.balance(account)

    second = billing.release(reservation)

    assert second == first
    assert billing.balance(account) == before


def test_too_small_a_balance_is_refused_in_the_known_words_and_holds_nothing(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=40)

    with pytest.raises(InsufficientCredits) as refused:
        billing.reserve(account, images=9)

    assert refused.value.message == "Insufficient credits. Required: 45, Available: 40"
    assert refused.value.metadata == {"required": "45", "available": "40", "shortfall": "5"}
    assert billing.balance(account).sequence == 1


def test_credits_held_elsewhere_are_not_available(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    billing.reserve(account, images=30)

    with pytest.raises(InsufficientCredits) as refused:
        billing.reserve(account, images=11)

    assert refused.value.metadata["available"] == "10"


def test_text_is_charged_by_started_credits(billing: Billing) -> None:
    billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=40)
    reservation = billing.reserve(account, tokens=1000)

    captured = billing.capture(reservation, input_tokens=301, output_tokens=100, final=True)

    assert captured.usage.credits_used == 5
    assert captured.usage.cost_usd == Decimal("0.0003005")
    assert captured.usage.cost_source is CostSource.COMPUTED
    assert captured.usage.credit_value_usd == Decimal("0.05")


def test_what_the_provider_reports_is_the_cost(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=1)

    captured = billing.capture(reservation, images=1, provider_cost_usd=Decimal("0.0042"))

    assert captured.usage.cost_usd == Decimal("0.0042")
    assert captured.usage.cost_source is CostSource.REPORTED


def test_a_negative_cost_is_refused(billing: Billing) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=40), images=1)

    with pytest.raises(RequestInvalid, match="provider_cost_usd"):
        billing.capture(reservation, images=1, provider_cost_usd=Decimal("-0.01"))


def test_an_item_is_charged_once_whatever_the_second_capture_says(billing: Billing) -> None:
    billing.text_price(tokens_per_credit=100)
    reservation = billing.reserve(billing.account(credits=40), tokens=1000)
    first = billing.capture(reservation, item_id="the article", output_tokens=300, final=True)

    second = billing.capture(reservation, item_id="the article", output_tokens=900, final=True)

    assert second.usage == first.usage
    assert second.balance == first.balance


@pytest.mark.parametrize(
    "end",
    [lambda billing, hold: billing.capture(hold, images=1, final=True), Billing.release],
    ids=["captured", "released"],
)
def test_a_reservation_that_has_ended_takes_no_further_item(
    billing: Billing, end: Callable[[Billing, Reservation], object]
) -> None:
    billing.price()
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=3)
    end(billing, reservation)
    before = billing.balance(account)

    with pytest.raises(ReservationEnded):
        billing.capture(reservation, item_id="second", images=1)

    assert billing.balance(account) == before


def test_a_quote_keeps_its_price_while_the_price_changes(billing: Billing) -> None:
    cheaper = billing.price(credits_per_image=5)
    account = billing.account(credits=40)
    quote = billing.quote(account, images=2)
    billing.clock.advance(seconds=1)
    billing.price(credits_per_image=9)

    reservation = billing.reserve_by(quote)

    assert (reservation.amount, reservation.price_id) == (10, cheaper.id)


def test_a_hold_keeps_its_price_while_the_price_changes(billing: Billing) -> None:
    cheaper = billing.price(credits_per_image=5)
    reservation = billing.reserve(billing.account(credits=40), images=2)
    billing.clock.advance(seconds=1)
    billing.price(credits_per_image=9)

    captured = billing.capture(reservation, images=2)

    assert (captured.usage.credits_used, captured.usage.price_id) == (10, cheaper.id)


def test_a_model_without_a_price_is_refused_and_never_free(billing: Billing) -> None:
    account = billing.account(credits=40)

    with pytest.raises(PriceNotFound) as refused:
        billing.quote(account, images=1)

    assert refused.value.metadata == {"model_name": "an-image-model"}


def test_an_old_quote_cannot_be_reserved_by(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    quote = billing.quote(account, images=1)
    billing.clock.set(billing.clock.now() + QUOTE_LIFETIME)

    with pytest.raises(QuoteExpired):
        billing.reserve_by(quote)


@pytest.mark.parametrize("unknown", [new_id(), ""], ids=["nobody's", "somebody else's"])
def test_a_quote_of_somebody_else_is_as_unknown_as_none(billing: Billing, unknown: str) -> None:
    billing.price()
    account = billing.account(credits=40)
    theirs = billing.quote(billing.account(credits=40), images=1)

    with pytest.raises(NotFound) as refused:
        billing.reserve_by(replace(theirs, account_id=account, id=unknown or theirs.id))

    assert refused.value.metadata["kind"] == "quote"


def test_a_reservation_of_somebody_else_cannot_be_captured_or_released(billing: Billing) -> None:
    billing.price()
    theirs = billing.reserve(billing.account(credits=40), images=1)
    account = billing.account(credits=40)

    with pytest.raises(NotFound):
        billing.capture(theirs, images=1, account_id=account)

    assert billing.balance(theirs.account_id).reserved == 1


def test_a_suspended_account_cannot_spend(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=40)
    quote = billing.quote(account, images=1)
    billing.suspended(account)

    with pytest.raises(AccountSuspended):
        billing.reserve_by(quote)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_cannot_be_granted(billing: Billing, amount: int) -> None:
    account = billing.account()

    with pytest.raises(RequestInvalid, match="amount"):
        billing.grant(account, amount=amount)


def test_more_than_an_account_can_hold_cannot_be_granted(billing: Billing) -> None:
    account = billing.account(credits=2**63 - 1)

    with pytest.raises(RequestInvalid, match="more than the account can hold"):
        billing.grant(account, amount=1)


def test_credits_cannot_be_granted_to_nobody(billing: Billing) -> None:
    with pytest.raises(NotFound):
        billing.grant(new_id(), amount=1)


def test_grants_are_spent_in_their_order(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    paid = billing.grant(account, amount=10)
    given = billing.grant(account, amount=10, category=Category.PROMOTIONAL)
    soon = billing.grant(account, amount=10, expires_at=billing.clock.now() + timedelta(days=1))
    later = billing.grant(account, amount=10)
    last = billing.grant(account, amount=10, category=Category.PROMOTIONAL, priority=9)
    reservation = billing.reserve(account, images=33)

    billing.capture(reservation, images=33, final=True)

    left = {str(row.id): row.remaining for row in billing.rows("SELECT id, remaining FROM credit_grant")}
    assert [left[grant.id] for grant in (soon, given, paid, later, last)] == [0, 0, 0, 7, 10]


def test_every_move_is_announced_with_the_balance_after_it(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=40)
    run_id = new_id()
    reservation = billing.reserve(account, images=3, purpose=Purpose(run_id=run_id))
    billing.capture(reservation, item_id="first", images=1, final=True)

    events = recorded(billing.transactions.engine)

    assert [event.subject for event in events] == [
        f"igny8.v1.credits.{account}.{name}" for name in ("granted", "reserved", "captured", "released")
    ]
    assert [event.payload["balance"]["sequence"] for event in events] == [1, 2, 3, 4]
    assert [event.payload["balance"]["available"] for event in events] == [40, 25, 25, 35]
    assert events[2].payload["item_id"] == "first"
    assert events[2].payload["run_id"] == run_id
    assert events[2].payload["credit_value_usd"] == "0.05"


def test_a_refused_hold_announces_nothing(billing: Billing) -> None:
    billing.price()
    account = billing.account()

    with pytest.raises(InsufficientCredits):
        billing.reserve(account, images=1)

    assert recorded(billing.transactions.engine) == []

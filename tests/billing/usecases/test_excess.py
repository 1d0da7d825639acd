"""Work that costs more than was held for it: refused, or as far as the setting and the caller say."""

from decimal import Decimal

import pytest

from chassis.ids import new_id
from services.billing.domain.budget import Scope
from services.billing.domain.item import Excess
from services.billing.domain.reservation import LIFETIME, CaptureExceedsReservation, Purpose
from tests.billing.books import Billing

ALLOWED = Excess(takes_available=True)
ABSORBED = Excess(absorbs=True)
ALLOWED_AND_ABSORBED = Excess(takes_available=True, absorbs=True)


@pytest.fixture(autouse=True)
def priced(billing: Billing) -> None:
    billing.price()
    billing.text_price(tokens_per_credit=100)


def test_more_than_was_held_is_refused_and_nothing_is_charged(billing: Billing) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, tokens=1000)
    billing.capture(reservation, item_id="the first", output_tokens=100)
    before = billing.balance(account)

    with pytest.raises(CaptureExceedsReservation) as refused:
        billing.capture(reservation, output_tokens=1500)

    assert refused.value.metadata == {"reservation_id": reservation.id, "asked": "15", "left": "9"}
    assert billing.balance(account) == before
    assert billing.capture(reservation, output_tokens=900).usage.credits_used == 9
    billing.check_books()


def test_one_item_too_many_is_refused_too(billing: Billing) -> None:
    reservation = billing.reserve(billing.account(credits=40), images=2)
    billing.capture(reservation, item_id="first", images=1)
    billing.capture(reservation, item_id="second", images=1)

    with pytest.raises(CaptureExceedsReservation):
        billing.capture(reservation, item_id="third", images=1)


def test_what_the_caller_absorbs_is_the_platforms_loss_and_the_balance_is_not_touched(
    billing: Billing,
) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, tokens=1000)

    captured = billing.capture(reservation, output_tokens=1500, final=True, excess=ABSORBED)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (10, 5)
    assert captured.usage.cost_usd == Decimal("0.00225")
    assert (captured.balance.credits, captured.balance.reserved) == (30, 0)
    billing.check_books()


@pytest.mark.parametrize("excess", [ALLOWED, ALLOWED_AND_ABSORBED])
def test_where_it_is_allowed_more_than_was_held_is_taken_from_the_available_balance(
    billing: Billing, excess: Excess
) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, tokens=1000)

    captured = billing.capture(reservation, output_tokens=1500, final=True, excess=excess)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (15, 0)
    assert (captured.reservation.captured, captured.reservation.released) == (10, 0)
    assert (captured.balance.credits, captured.balance.reserved) == (25, 0)
    billing.check_books()


def test_also_where_it_is_allowed_more_than_is_available_is_refused(billing: Billing) -> None:
    account = billing.account(credits=12)
    reservation = billing.reserve(account, tokens=1000)
    before = billing.balance(account)

    with pytest.raises(CaptureExceedsReservation):
        billing.capture(reservation, output_tokens=1500, excess=ALLOWED)

    assert billing.balance(account) == before


def test_what_hold_and_balance_do_not_cover_is_the_platforms_loss(billing: Billing) -> None:
    account = billing.account(credits=12)
    reservation = billing.reserve(account, tokens=1000)

    captured = billing.capture(reservation, output_tokens=1500, final=True, excess=ALLOWED_AND_ABSORBED)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (12, 3)
    assert captured.usage.cost_usd == Decimal("0.00225")
    assert captured.balance.credits == 0


def test_another_hold_is_not_touched_by_a_capture_beyond_its_own(billing: Billing) -> None:
    account = billing.account(credits=12)
    other = billing.reserve(account, images=2)
    reservation = billing.reserve(account, tokens=1000)

    captured = billing.capture(reservation, output_tokens=1500, final=True, excess=ALLOWED_AND_ABSORBED)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (10, 5)
    assert (captured.balance.credits, captured.balance.reserved) == (2, other.left)


def test_where_it_is_allowed_a_cap_refuses_it_still(billing: Billing) -> None:
    account = billing.account(credits=40)
    purpose = Purpose(run_id=new_id())
    billing.budget(account, scope=Scope.RUN, target_id=str(purpose.run_id), credits_limit=12)
    reservation = billing.reserve(account, tokens=1000, purpose=purpose)

    with pytest.raises(CaptureExceedsReservation):
        billing.capture(reservation, output_tokens=1300, excess=ALLOWED)

    assert billing.capture(reservation, output_tokens=1200, excess=ALLOWED).usage.credits_used == 12
    billing.check_books()


def test_late_work_takes_no_more_than_was_held_for_it(billing: Billing) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=4)
    billing.clock.set(billing.clock.now() + LIFETIME)
    billing.capture(reservation, item_id="first", images=3)

    with pytest.raises(CaptureExceedsReservation) as refused:
        billing.capture(reservation, item_id="second", images=2)

    assert refused.value.metadata["left"] == "1"
    last = billing.capture(reservation, item_id="third", images=1)
    assert (last.reservation.released, last.reservation.captured_late) == (4, 4)
    assert billing.balance(account).credits == 36
    billing.check_books()


def test_late_work_beyond_its_hold_is_the_platforms_loss_where_the_caller_says_so(billing: Billing) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=4)
    billing.clock.set(billing.clock.now() + LIFETIME)

    captured = billing.capture(reservation, images=6, excess=ABSORBED)

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (4, 2)
    assert billing.balance(account).credits == 36
    billing.check_books()


def test_a_refused_capture_can_be_asked_for_again_under_its_item(billing: Billing) -> None:
    account = billing.account(credits=40)
    reservation = billing.reserve(account, images=4)
    with pytest.raises(CaptureExceedsReservation):
        billing.capture(reservation, item_id="an image", images=6)

    captured = billing.capture(reservation, item_id="an image", images=6, excess=ABSORBED)

    assert captured.usage.credits_used == 4

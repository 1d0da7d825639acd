"""Charges without a hold, their reversal, longer holds and voided grants."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.ids import new_id
from chassis.refusal import NotFound, RequestInvalid
from services.billing.domain.account import AccountSuspended
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.grant import Category
from services.billing.domain.item import Excess
from services.billing.domain.price import PriceNotFound
from services.billing.domain.reservation import LIFETIME, Purpose, ReservationEnded, Status
from services.billing.domain.reversal import AlreadyReversed
from tests.billing.books import Billing


def test_a_charge_is_one_line_with_its_usage(billing: Billing) -> None:
    billing.text_price(tokens_per_credit=100)
    account = billing.account(credits=50)
    run_id = new_id()

    usage = billing.charge(account, tokens=1_840, purpose=Purpose(run_id=run_id))

    line = billing.lines(account)[0]
    assert (line.transaction_type, line.amount, line.reserved_amount, line.run_id) == (
        "deduction",
        -19,
        0,
        run_id,
    )
    assert (usage.transaction_id, usage.credits_used, usage.reservation_id) == (line.id, 19, None)
    assert billing.balance(account).credits == 31
    billing.check_books()


def test_a_charge_that_the_balance_does_not_cover_changes_nothing(billing: Billing) -> None:
    billing.price(credits_per_image=5)
    account = billing.account(credits=4)
    before = _state(billing)

    with pytest.raises(InsufficientCredits) as refused:
        billing.charge(account, images=1)

    assert refused.value.metadata == {"required": "5", "available": "4", "shortfall": "1"}
    assert _state(billing) == before


def test_a_charge_leaves_held_credits_alone(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=5)
    billing.reserve(account, images=4)

    with pytest.raises(InsufficientCredits):
        billing.charge(account, images=2)

    assert billing.charge(account, images=1).credits_used == 1
    billing.check_books()


def test_a_model_without_a_price_is_never_free(billing: Billing) -> None:
    with pytest.raises(PriceNotFound):
        billing.charge(billing.account(credits=5), images=1)


def test_a_suspended_account_is_not_charged_anew(billing: Billing) -> None:
    billing.price()
    account = billing.suspended(billing.account(credits=5))

    with pytest.raises(AccountSuspended):
        billing.charge(account, images=1)


def test_a_reversal_gives_back_to_the_same_grants(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    first = billing.grant(account, amount=3, priority=1)
    second = billing.grant(account, amount=10, priority=2)
    usage = billing.charge(account, images=5)

    given = billing.reverse(usage)

    assert (given.line.amount, given.ended_credits, given.balance.credits) == (5, 0, 13)
    assert {grant.id: grant.remaining for grant in billing.grants(account)} == {first.id: 3, second.id: 10}
    assert billing.told(account)[-1] == "reversed"
    billing.check_books()


def test_a_charge_is_reversed_once(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=10)
    usage = billing.charge(account, images=5)
    given = billing.reverse(usage)

    with pytest.raises(AlreadyReversed) as refused:
        billing.reverse(usage)

    assert refused.value.metadata["reversal_id"] == given.line.id
    assert billing.balance(account).credits == 10


def test_what_goes_back_to_an_expired_grant_ends_at_once(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=10)
    grant = billing.grant(
        account, amount=4, category=Category.PLAN, expires_at=billing.clock.now() + timedelta(days=1)
    )
    usage = billing.charge(account, images=6)
    billing.clock.advance(days=2)

    given = billing.reverse(usage)

    assert (given.line.amount, given.ended_credits, given.balance.credits) == (6, 4, 10)
    assert [(line.transaction_type, line.amount) for line in billing.lines(account)[:2]] == [
        ("expiry", -4),
        ("reversal", 6),
    ]
    assert billing.lines(account)[0].related_id == grant.id
    billing.check_books()


def test_a_captured_item_can_be_reversed_and_its_hold_goes_on(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=10)
    reservation = billing.reserve(account, images=5)
    captured = billing.capture(reservation, images=2)

    billing.reverse(captured.usage)

    assert (billing.balance(account).credits, billing.balance(account).reserved) == (10, 3)
    assert billing.release(reservation).status is Status.RELEASED
    billing.check_books()


def test_what_is_no_charge_cannot_be_reversed(billing: Billing) -> None:
    billing.price()
    account, stranger = billing.account(credits=10), billing.account(credits=10)
    usage = billing.charge(account, images=1)
    granted = billing.lines(account)[-1]

    with pytest.raises(NotFound):
        billing.reverse(replace(usage, transaction_id=granted.id))
    with pytest.raises(NotFound):
        billing.reverse(replace(usage, transaction_id=new_id()))
    with pytest.raises(NotFound):
        billing.reverse(replace(usage, account_id=stranger))


def test_a_charge_of_nothing_cannot_be_reversed(billing: Billing) -> None:
    billing.text_price()
    account = billing.account(credits=3)
    reservation = billing.reserve(account, tokens=300)
    billing.capture(reservation, item_id="all of it", output_tokens=300)
    lost = billing.capture(reservation, item_id="more", output_tokens=100, excess=Excess(absorbs=True))

    with pytest.raises(RequestInvalid):
        billing.reverse(lost.usage)


def test_an_extended_hold_lives_on(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=5)
    reservation = billing.reserve(account, images=5)
    billing.clock.advance(minutes=10)

    extended = billing.extend(reservation, lifetime=timedelta(hours=2))

    assert extended.expires_at == billing.clock.now() + timedelta(hours=2)
    billing.clock.advance(minutes=110)
    assert billing.balance(account).reserved == 5
    billing.clock.advance(minutes=10)
    assert billing.balance(account).reserved == 0
    billing.check_books()


def test_an_extension_never_ends_a_hold_sooner(billing: Billing) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=5), images=5)

    extended = billing.extend(reservation, lifetime=timedelta(seconds=1))

    assert extended.expires_at == reservation.expires_at


@pytest.mark.parametrize("ending", ["release", "expiry"])
def test_a_hold_that_has_ended_is_not_extended(billing: Billing, ending: str) -> None:
    billing.price()
    reservation = billing.reserve(billing.account(credits=5), images=5)
    if ending == "release":
        billing.release(reservation)
    else:
        billing.clock.advance(seconds=LIFETIME.total_seconds())

    with pytest.raises(ReservationEnded):
        billing.extend(reservation, lifetime=LIFETIME)


def test_a_voided_grant_has_nothing_left_but_what_holds_keep(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    grant = billing.grant(account, amount=10)
    reservation = billing.reserve(account, images=4)

    voided = billing.void_grant(grant)

    assert (voided.remaining, voided.reserved, voided.voided_at) == (4, 4, billing.clock.now())
    assert (billing.lines(account)[0].transaction_type, billing.lines(account)[0].amount) == ("void", -6)
    assert "voided" in billing.told(account)
    billing.capture(reservation, images=1, final=True)
    assert billing.balance(account).credits == 0
    assert billing.lines(account)[0].amount == -3
    billing.check_books()


def test_voiding_a_grant_again_changes_nothing(billing: Billing) -> None:
    account = billing.account()
    grant = billing.grant(account, amount=10)
    first = billing.void_grant(grant)
    lines = billing.lines(account)

    assert billing.void_grant(grant) == first
    assert billing.lines(account) == lines


def test_a_grant_of_another_account_is_not_voided(billing: Billing) -> None:
    grant = billing.grant(billing.account(), amount=10)

    with pytest.raises(NotFound):
        billing.void_grant(replace(grant, account_id=billing.account()))


def _state(billing: Billing) -> list[object]:
    tables = ("credit_account", "credit_grant", "reservation", "igny8_billing_credittransaction", "outbox")
    return [billing.rows(f"SELECT * FROM {table} ORDER BY 1") for table in tables]

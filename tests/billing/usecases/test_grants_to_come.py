"""Grants that begin later: in no balance before their time, and booked at it whether or not anybody looks."""

from datetime import timedelta

import pytest

from chassis.refusal import RequestInvalid
from services.billing.domain.balance import InsufficientCredits
from services.billing.domain.transaction import TransactionType
from services.billing.scheduler import Sweeper
from tests.billing.books import Billing

DAY = timedelta(days=1)


def test_credits_of_a_grant_to_come_cannot_be_spent(billing: Billing) -> None:
    billing.price()
    account = billing.account()

    grant = billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)

    assert (grant.is_pending, grant.remaining) == (True, 0)
    assert billing.balance(account).credits == 0
    assert billing.lines(account) == []
    with pytest.raises(InsufficientCredits):
        billing.charge(account, images=1)
    billing.check_books()


def test_a_grant_begins_at_its_instant_for_whoever_looks(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    grant = billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)
    billing.clock.advance(days=1)

    assert billing.balance(account).credits == 10

    (line,) = billing.lines(account)
    assert (line.transaction_type, line.amount, line.related_id) == (TransactionType.GRANT, 10, grant.id)
    assert billing.told(account) == ["granted"]
    billing.check_books()


def test_a_grant_that_has_begun_is_spent_without_a_look_at_the_balance(billing: Billing) -> None:
    billing.price()
    account = billing.account()
    billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)
    billing.clock.advance(days=1)

    billing.charge(account, images=10)

    assert billing.balance(account).credits == 0
    billing.check_books()


async def test_the_sweeper_begins_grants_that_nobody_looks_at(billing: Billing) -> None:
    account = billing.account()
    billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)
    billing.clock.advance(days=1)

    await Sweeper(billing.transactions, billing.clock, every_seconds=1).sweep()

    assert [line.amount for line in billing.lines(account)] == [10]


def test_a_grant_begins_once(billing: Billing) -> None:
    account = billing.account()
    billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)
    billing.clock.advance(days=1)

    billing.balance(account)
    billing.clock.advance(days=1)

    assert billing.balance(account).credits == 10
    assert len(billing.lines(account)) == 1


def test_a_grant_that_nobody_saw_begin_or_end_has_both_lines(billing: Billing) -> None:
    account = billing.account()
    now = billing.clock.now()
    billing.grant(account, amount=10, effective_at=now + DAY, expires_at=now + 2 * DAY)
    billing.clock.advance(days=3)

    assert billing.balance(account).credits == 0

    assert [line.amount for line in billing.lines(account)] == [-10, 10]
    billing.check_books()


def test_a_grant_to_come_that_is_voided_never_begins(billing: Billing) -> None:
    account = billing.account()
    grant = billing.grant(account, amount=10, effective_at=billing.clock.now() + DAY)

    voided = billing.void_grant(grant)
    billing.clock.advance(days=2)

    assert (voided.is_pending, voided.voided_at is not None) == (False, True)
    assert billing.balance(account).credits == 0
    assert billing.lines(account) == []


def test_a_grant_whose_beginning_lies_in_the_past_begins_now(billing: Billing) -> None:
    account = billing.account()

    grant = billing.grant(account, amount=10, effective_at=billing.clock.now() - DAY)

    assert (grant.is_pending, grant.remaining) == (False, 10)


def test_what_is_to_come_counts_towards_what_an_account_can_hold(billing: Billing) -> None:
    account = billing.account()
    most = 2**63 - 1
    billing.grant(account, amount=most, effective_at=billing.clock.now() + DAY)

    with pytest.raises(RequestInvalid, match="amount"):
        billing.grant(account, amount=1)

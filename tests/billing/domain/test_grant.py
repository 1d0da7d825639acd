"""The order in which granted credits are spent."""

from itertools import permutations

import pytest

from chassis.refusal import RequestInvalid
from services.billing.domain.grant import Category, CreditGrant, check_grant, in_spending_order, shares
from tests.billing.domain.builders import NOW, a_grant, later

IN_ORDER = [
    a_grant(id="by priority", priority=1, expires_at=later(days=9)),
    a_grant(id="by expiry", priority=2, expires_at=later(days=1)),
    a_grant(id="promotional", priority=2, category=Category.PROMOTIONAL, created_at=later(days=9)),
    a_grant(id="plan", priority=2, category=Category.PLAN),
    a_grant(id="paid", priority=2, category=Category.PAID),
    a_grant(id="youngest", priority=2, category=Category.PAID, created_at=later(days=1)),
]


@pytest.mark.parametrize("mixed", list(permutations(IN_ORDER))[::97])
def test_priority_then_expiry_then_category_then_age(mixed: tuple[CreditGrant, ...]) -> None:
    assert in_spending_order(mixed) == IN_ORDER


def test_credits_fall_on_the_first_part_until_it_is_empty() -> None:
    assert list(shares([("a", 3), ("b", 0), ("c", 5), ("d", 5)], credits=6)) == [("a", 3), ("c", 3)]


def test_no_credits_fall_on_no_part() -> None:
    assert list(shares([("a", 3)], credits=0)) == []


@pytest.mark.parametrize("amount", [0, -5])
def test_a_grant_gives_something(amount: int) -> None:
    with pytest.raises(RequestInvalid, match="amount"):
        check_grant(amount=amount, effective_at=None, expires_at=None, now=NOW)


def test_a_grant_is_not_born_dead() -> None:
    with pytest.raises(RequestInvalid, match="expires_at"):
        check_grant(amount=1, effective_at=None, expires_at=NOW, now=NOW)


def test_a_grant_expires_at_its_instant() -> None:
    grant = a_grant(expires_at=later(days=1))

    assert not grant.has_ended(now=later(hours=23))
    assert grant.has_ended(now=later(days=1))


def test_a_grant_does_not_end_before_it_begins() -> None:
    with pytest.raises(RequestInvalid, match="expires_at"):
        check_grant(amount=1, effective_at=later(days=2), expires_at=later(days=2), now=NOW)

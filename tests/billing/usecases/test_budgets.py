"""Budgets: hard caps on runs, sites and keys, all checked with the balance or none moved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.refusal import RequestInvalid
from services.billing.domain.budget import Budget, BudgetExceeded, Scope
from services.billing.domain.item import Excess
from services.billing.domain.reservation import Purpose
from services.billing.usecases import budgets
from tests.billing.books import Billing, first_page

SITE, RUN, KEY = new_id(), new_id(), new_id()
PURPOSE = Purpose(site_id=SITE, run_id=RUN, api_key_id=KEY)
TARGETS = {Scope.RUN: RUN, Scope.SITE_DAY: SITE, Scope.SITE_MONTH: SITE, Scope.API_KEY: KEY}


@pytest.fixture
def account(billing: Billing) -> str:
    """An account with 1,000 credits, where an image costs one."""
    billing.price()
    return billing.account(credits=1_000)


@pytest.mark.parametrize("scope", Scope)
def test_a_hold_that_would_pass_a_cap_is_refused_by_name(
    billing: Billing, account: str, scope: Scope
) -> None:
    cap = _put(billing, account, scope, 10)
    billing.reserve(account, images=6, purpose=PURPOSE)
    billing.charge(account, images=1, purpose=PURPOSE)

    with pytest.raises(BudgetExceeded) as refused:
        billing.reserve(account, images=4, purpose=PURPOSE)

    said = refused.value.metadata
    assert (said["scope"], said["budget_id"], said["limit"]) == (scope.value, cap.id, "10")
    assert (said["left"], said["required"]) == ("3", "4")
    billing.check_books()


@pytest.mark.parametrize(
    ("scope", "resets"),
    [(Scope.SITE_DAY, "2026-11-03T00:00:00Z"), (Scope.SITE_MONTH, "2026-12-01T00:00:00Z")],
)
def test_the_refusal_says_when_the_window_begins_anew(
    billing: Billing, account: str, scope: Scope, resets: str
) -> None:
    _put(billing, account, scope, 1)

    with pytest.raises(BudgetExceeded) as refused:
        billing.charge(account, images=2, purpose=PURPOSE)

    assert refused.value.metadata["reset_at"] == resets
    assert resets in refused.value.message


@pytest.mark.parametrize("tight", Scope)
def test_when_one_of_many_caps_refuses_no_other_has_moved(
    billing: Billing, account: str, tight: Scope
) -> None:
    for scope in Scope:
        _put(billing, account, scope, 5 if scope is tight else 100)
    before = billing.rows("SELECT * FROM budget ORDER BY id")

    with pytest.raises(BudgetExceeded):
        billing.reserve(account, images=6, purpose=PURPOSE)

    assert billing.rows("SELECT * FROM budget ORDER BY id") == before
    assert billing.balance(account).reserved == 0


def test_what_is_given_back_can_be_spent_again(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.RUN, 10)
    reservation = billing.reserve(account, images=10, purpose=PURPOSE)
    captured = billing.capture(reservation, images=4)
    billing.release(reservation)
    assert _left(billing, account) == [6]

    billing.reverse(captured.usage)

    assert _left(billing, account) == [10]
    billing.check_books()


def test_a_hold_that_runs_out_frees_its_budget(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.RUN, 10)
    billing.reserve(account, images=10, purpose=PURPOSE)
    billing.clock.advance(minutes=15)

    assert billing.charge(account, images=10, purpose=PURPOSE).credits_used == 10
    billing.check_books()


def test_work_beyond_its_hold_stops_at_the_cap(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.RUN, 12)
    reservation = billing.reserve(account, images=10, purpose=PURPOSE)

    captured = billing.capture(reservation, images=20, excess=Excess(takes_available=True, absorbs=True))

    assert (captured.usage.credits_used, captured.usage.platform_loss_credits) == (12, 8)
    assert _left(billing, account) == [0]
    billing.check_books()


@pytest.mark.parametrize(("scope", "span"), [(Scope.SITE_DAY, 1), (Scope.SITE_MONTH, 30)])
def test_a_window_begins_anew(billing: Billing, account: str, scope: Scope, span: int) -> None:
    _put(billing, account, scope, 10)
    billing.charge(account, images=10, purpose=PURPOSE)
    billing.clock.advance(days=span)

    assert _left(billing, account) == [10]
    assert billing.charge(account, images=7, purpose=PURPOSE).credits_used == 7
    assert _left(billing, account) == [3]
    billing.check_books()


def test_a_hold_counts_in_the_window_in_which_it_was_made(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.SITE_DAY, 10)
    billing.clock.set(datetime(2026, 11, 2, 23, 55, tzinfo=UTC))
    reservation = billing.reserve(account, images=8, purpose=PURPOSE)
    billing.clock.set(datetime(2026, 11, 3, 0, 5, tzinfo=UTC))
    billing.charge(account, images=10, purpose=PURPOSE)

    billing.capture(reservation, images=8)

    assert _left(billing, account) == [0]
    billing.check_books()


@pytest.mark.parametrize("scope", Scope)
def test_a_cap_counts_what_was_before_it(billing: Billing, account: str, scope: Scope) -> None:
    billing.charge(account, images=3, purpose=PURPOSE)
    reservation = billing.reserve(account, images=5, purpose=PURPOSE)
    given = billing.capture(reservation, item_id="given back", images=1)
    billing.reverse(given.usage)

    cap = _put(billing, account, scope, 10)

    assert (cap.spent, cap.held, cap.left) == (3, 4, 3)
    billing.check_books()


def test_a_limit_can_be_lowered_below_what_was_spent_and_lifted(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.RUN, 10)
    billing.charge(account, images=8, purpose=PURPOSE)

    assert _put(billing, account, Scope.RUN, 5).left == 0
    with pytest.raises(BudgetExceeded):
        billing.charge(account, images=1, purpose=PURPOSE)
    billing.budget(account, scope=Scope.RUN, target_id=RUN, credits_limit=None)

    assert billing.charge(account, images=1, purpose=PURPOSE).credits_used == 1
    assert _left(billing, account) == []


def test_other_work_of_the_account_is_not_capped(billing: Billing, account: str) -> None:
    _put(billing, account, Scope.RUN, 0)

    assert billing.charge(account, images=5, purpose=Purpose(run_id=new_id(), site_id=SITE)).credits_used == 5
    assert billing.charge(account, images=5).credits_used == 5


def test_a_cap_of_another_account_on_the_same_target_is_not_ours(billing: Billing, account: str) -> None:
    _put(billing, billing.account(), Scope.RUN, 0)

    assert billing.charge(account, images=5, purpose=PURPOSE).credits_used == 5


@pytest.mark.parametrize("limit", [-1, 10**13])
def test_a_limit_that_cannot_be_is_refused(billing: Billing, account: str, limit: int) -> None:
    with pytest.raises(RequestInvalid):
        _put(billing, account, Scope.RUN, limit)


@pytest.mark.parametrize(
    ("scope", "at", "begins", "ends"),
    [
        (Scope.SITE_DAY, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), (2026, 12, 31), (2027, 1, 1)),
        (Scope.SITE_MONTH, datetime(2026, 12, 31, 23, 59, tzinfo=UTC), (2026, 12, 1), (2027, 1, 1)),
        (Scope.SITE_MONTH, datetime(2028, 2, 29, tzinfo=UTC), (2028, 2, 1), (2028, 3, 1)),
    ],
)
def test_days_and_months_are_those_of_utc(
    scope: Scope, at: datetime, begins: tuple[int, int, int], ends: tuple[int, int, int]
) -> None:
    start = scope.window_start(at)

    assert start == datetime(*begins, tzinfo=UTC)
    assert scope.window_end(start) == datetime(*ends, tzinfo=UTC)
    assert scope.window_start(at + timedelta(0)) == start


def _put(billing: Billing, account: str, scope: Scope, limit: int) -> Budget:
    put = billing.budget(account, scope=scope, target_id=TARGETS[scope], credits_limit=limit)
    assert put is not None
    return put


def _left(billing: Billing, account: str) -> list[Any]:
    page = billing.run(budgets.list_budgets, account_id=account, target_id=None, page=first_page())
    return [budget.left for budget in page.items]

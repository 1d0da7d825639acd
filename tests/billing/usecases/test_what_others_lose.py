"""Ways in which other ledgers lose, double or leak credits; the table in services/billing/README.md has them all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from chassis.refusal import Contention
from services.billing.domain.budget import BudgetExceeded, Scope
from services.billing.domain.item import Item
from services.billing.domain.order import BatchCharge, BatchCharged, ChargedWork
from services.billing.domain.reservation import LIFETIME, Purpose
from services.billing.domain.transaction import TransactionType
from services.billing.domain.usage import CreditUsage, GroupBy
from services.billing.domain.work import Work
from services.billing.usecases import budgets, reports
from tests.billing.books import IMAGE_MODEL, Billing, first_page


def test_of_many_holds_at_once_no_cap_is_passed(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=1_000)
    purpose = Purpose(run_id=new_id())
    billing.budget(account, scope=Scope.RUN, target_id=str(purpose.run_id), credits_limit=10)
    quote = billing.quote(account, images=1)

    outcomes = _at_once(60, lambda: billing.reserve_by(quote, purpose=purpose))

    assert sum(isinstance(outcome, BudgetExceeded) for outcome in outcomes) == 50
    assert billing.balance(account).reserved == 10
    billing.check_books()


def test_a_row_that_somebody_else_has_locked_is_no_lack_of_credits(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=10)
    lock = text("SELECT FROM credit_account WHERE account_id = CAST(:id AS uuid) FOR UPDATE")

    with billing.transactions.engine.begin() as other:
        other.execute(lock, {"id": account})
        with pytest.raises(Contention):
            billing.charge(account, images=1)

    assert billing.charge(account, images=1).credits_used == 1


def test_however_many_rows_are_written_together_none_is_dropped(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=2_000)

    for _ in range(3):
        charged = billing.order(_batch(account, items=500), BatchCharged)
        assert all(isinstance(outcome, CreditUsage) for outcome in charged.outcomes)

    (sums,) = billing.transactions.run_sync(
        reports.summarize_usage,
        account_id=account,
        group_by=GroupBy.OPERATION_TYPE,
        begin=None,
        end=None,
    )
    assert (sums.count, sums.credits_used) == (1_500, 1_500)
    assert len(_exported(billing, account)) == 1_500
    assert billing.balance(account).credits == 500
    billing.check_books()


def test_what_a_refusal_says_is_left_is_what_the_list_says(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    purpose = Purpose(api_key_id=new_id())
    billing.budget(account, scope=Scope.API_KEY, target_id=str(purpose.api_key_id), credits_limit=10)
    billing.reserve(account, images=4, purpose=purpose)

    with pytest.raises(BudgetExceeded) as refused:
        billing.charge(account, images=7, purpose=purpose)

    listed = billing.run(
        budgets.list_budgets, account_id=account, target_id=purpose.api_key_id, page=first_page()
    )
    assert refused.value.metadata["left"] == str(listed.items[0].left) == "6"


def test_worst_case_holds_that_end_leave_nothing_behind(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    for _ in range(5):
        billing.reserve(account, images=20)
    assert billing.balance(account).available == 0

    billing.clock.set(billing.clock.now() + LIFETIME)

    assert billing.balance(account).available == 100
    assert billing.rows("SELECT DISTINCT status FROM reservation") == [("expired",)]
    billing.check_books()


def test_however_often_a_hold_is_cleaned_up_it_is_given_back_once(billing: Billing) -> None:
    billing.price()
    account = billing.account(credits=100)
    purpose = Purpose(run_id=new_id())
    billing.budget(account, scope=Scope.RUN, target_id=str(purpose.run_id), credits_limit=50)
    reservation = billing.reserve(account, images=10, purpose=purpose)
    billing.capture(reservation, images=4)

    for _ in range(3):
        billing.release(reservation)
    billing.clock.set(billing.clock.now() + LIFETIME)
    billing.release(reservation)

    assert [line.transaction_type for line in billing.lines(account)].count(TransactionType.RELEASE) == 1
    assert (billing.balance(account).credits, billing.balance(account).available) == (96, 96)
    listed = billing.run(budgets.list_budgets, account_id=account, target_id=None, page=first_page())
    assert (listed.items[0].spent, listed.items[0].held) == (4, 0)


def _batch(account: str, *, items: int) -> BatchCharge:
    works = tuple(
        ChargedWork(
            operation_type="image_generation",
            model_name=IMAGE_MODEL,
            item=Item(item_id=f"{number}", work=Work(images=1)),
            purpose=Purpose(),
        )
        for number in range(items)
    )
    return BatchCharge(account_id=account, actor="service:ai", works=works)


def _exported(billing: Billing, account: str) -> list[str]:
    """The ids of the usage rows of the whole file."""
    ids: list[str] = []
    while True:
        rows = billing.transactions.run_sync(
            reports.usage_after,
            account_id=account,
            after=ids[-1] if ids else None,
            begin=None,
            end=None,
        )
        ids += [row.usage.id for row in rows]
        if len(rows) < reports.EXPORTED_ROWS:
            return ids


def _at_once(times: int, work: Callable[[], Any]) -> list[Any]:
    def outcome(_: int) -> Any:
        try:
            return work()
        except BudgetExceeded as refused:
            return refused

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(outcome, range(times)))

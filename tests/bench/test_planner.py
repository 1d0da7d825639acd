"""The planner's benchmark at a size of its own."""

from collections.abc import Callable
from typing import Any

from bench import planner
from chassis.transaction import Transactions
from services.ai.convert import encode
from services.ai.store.transaction import AiTransaction


def test_it_times_items_of_a_short_run_and_of_a_long_one(
    transactions_for: Callable[..., Transactions[Any]],
) -> None:
    transactions: Transactions[AiTransaction] = transactions_for("ai", AiTransaction, encode=encode)

    short, long = planner.measure(transactions, small=5, large=20, rounds=1)

    assert min(short, long) > 0

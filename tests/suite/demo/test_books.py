"""The three logs of a function agree only when all of them tell the same."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from suite.demo import books
from tests.kit.databases import SessionDatabase
from tests.suite.demo.builders import logs


def test_logs_that_tell_the_same_agree() -> None:
    assert logs().agree


@pytest.mark.parametrize(
    "change",
    [
        {"task_logs": 0, "notifications": 0},
        {"task_credits": 9},
        {"task_cost": Decimal("0.1")},
        {"usage_rows": 3},
        {"usage_rows": 0, "deductions": 0},
        {"usage_credits": 9},
        {"usage_cost": Decimal("0.1")},
        {"deductions": 3},
        {"deducted_credits": 9},
        {"notifications": 1},
    ],
)
def test_logs_of_which_one_differs_do_not(change: dict[str, Any]) -> None:
    assert not replace(logs(), **change).agree


def test_a_run_that_nobody_knows_has_empty_logs_that_do_not_agree(database: SessionDatabase) -> None:
    for service in ("billing", "ai", "notifications", "publisher"):
        database.dsn(service)

    found = books.read(database.dsn("readonly"), "0199bbbb-0000-7000-8000-00000000000b")

    assert [one.function_name for one in found] == [name for name, _, _ in books.FUNCTIONS]
    assert not any(one.agree for one in found)

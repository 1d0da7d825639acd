"""What would stop a run, by its largest hold and by all that it takes."""

from datetime import UTC, datetime

import pytest

from services.ai.domain.estimate import RunEstimate, StageEstimate, UnitPrice
from services.ai.domain.estimate_stops import (
    Hold,
    balance_cap,
    budget_cap,
    holds_of,
    run_cap,
    stops_of,
)
from services.ai.domain.stages import Stage


def made(credits: int = 40, credits_high: int = 90, *, inputs: int = 1, waiting: int = 1) -> RunEstimate:
    stage = StageEstimate(
        stage=Stage.CONTENT, waiting=waiting, inputs=inputs, credits=credits, credits_high=credits_high
    )
    return RunEstimate(stages=(stage,))


def hold(credits: int, *, certain: bool = True) -> Hold:
    return Hold(stage=Stage.CONTENT, credits=credits, certain=certain)


@pytest.mark.parametrize(
    ("left", "certain"), [(39, [True]), (40, [False]), (89, [False]), (90, []), (1_000, [])]
)
def test_a_cap_that_the_range_meets_may_stop_the_run_and_one_below_what_is_expected_does(
    left: int, certain: list[bool]
) -> None:
    assert [stop.certain for stop in stops_of(made(), caps=[balance_cap(left)], holds=[])] == certain


def test_a_hold_above_what_is_left_stops_the_run_though_it_would_use_less() -> None:
    (stop,) = stops_of(made(), caps=[balance_cap(95)], holds=[hold(110), hold(10)])

    assert (stop.reason, stop.certain) == ("INSUFFICIENT_CREDITS", True)
    assert stop.detail == (
        "This account has 95 credits available, and one item of the stage Tasks to articles needs 110 to be free"
        " before it begins, of which it gives back what it does not use. The run pauses there: add credits, or let it"
        " do less."
    )


def test_the_hold_of_an_item_that_is_not_made_yet_is_no_certainty() -> None:
    (stop,) = stops_of(made(), caps=[balance_cap(95)], holds=[hold(110, certain=False)])

    assert not stop.certain


def test_each_cap_that_is_met_is_a_stop_with_its_own_way_out() -> None:
    resets_at = datetime(2026, 3, 2, tzinfo=UTC)
    caps = [
        balance_cap(1_000),
        run_cap(30),
        budget_cap("site_day", limit=50, left=20, resets_at=resets_at),
        budget_cap("api_key", limit=50, left=10, resets_at=None),
    ]

    stops = stops_of(made(), caps=caps, holds=[])

    assert [(stop.reason, stop.scope) for stop in stops] == [
        ("BUDGET_EXCEEDED", "run"),
        ("BUDGET_EXCEEDED", "site_day"),
        ("BUDGET_EXCEEDED", "api_key"),
    ]
    assert "raise the limit in the automation settings" in stops[0].detail
    assert "raise the budget or wait until it begins anew at 2026-03-02T00:00:00Z" in stops[1].detail
    assert "API key's budget of 50 credits leaves 10" in stops[2].detail


@pytest.mark.parametrize(
    ("inputs", "waiting", "expected"), [(0, 0, []), (3, 0, [hold(70, certain=False)]), (3, 3, [hold(70)])]
)
def test_a_stage_holds_what_its_largest_item_is_quoted_at_where_it_has_work(
    inputs: int, waiting: int, expected: list[Hold]
) -> None:
    prices = {Stage.CONTENT: UnitPrice(expected=30, maximum=60, hold=70)}

    assert holds_of(made(inputs=inputs, waiting=waiting), prices) == expected

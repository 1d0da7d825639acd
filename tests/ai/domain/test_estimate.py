"""What a run will take, from past runs or from quotes, with a range that the next run lies in."""

import random
from fractions import Fraction
from typing import Any

import pytest

from services.ai.domain.config import AutomationConfig
from services.ai.domain.estimate import (
    FREE,
    PAST_RUNS,
    QUOTE,
    Past,
    Range,
    RunEstimate,
    StageRecord,
    UnitPrice,
    estimate,
)
from services.ai.domain.stages import DEFAULTS, Stage, StageConfig
from tests.ai.domain.builders import SITE

NO_PAST = Past(stages={})


def config(*enabled: Stage, **of_stages: StageConfig) -> AutomationConfig:
    """Settings with only these stages on; `of_stages` by the stage's name."""
    stages = {
        stage: of_stages.get(stage.name, StageConfig(batch_size=DEFAULTS[stage].batch_size))
        if stage in enabled
        else StageConfig(enabled=False)
        for stage in Stage
    }
    return AutomationConfig(site_id=SITE, stages=stages)


def record(inputs: int, credits: int, **values: Any) -> StageRecord:
    return StageRecord(
        **{"inputs": inputs, "outputs": inputs, "credits_used": credits, "same_model": True, **values}
    )


def of(estimate: RunEstimate, stage: Stage) -> tuple[int, int, int, str]:
    found = estimate.stages[stage - 1]
    return found.credits_low, found.credits, found.credits_high, found.basis


def test_without_a_past_run_a_quote_of_usual_items_is_the_basis() -> None:
    made = estimate(
        config(Stage.CONTENT),
        waiting={Stage.CONTENT: 10},
        past=NO_PAST,
        prices={Stage.CONTENT: UnitPrice(expected=30, maximum=60)},
    )

    assert of(made, Stage.CONTENT) == (150, 300, 600, QUOTE)
    assert (made.credits_low, made.credits, made.credits_high) == (150, 300, 600)


def test_past_runs_of_the_site_are_the_basis_once_there_are_any() -> None:
    past = Past(stages={Stage.CONTENT: [record(10, 200), record(10, 300)]})

    made = estimate(config(Stage.CONTENT), waiting={Stage.CONTENT: 100}, past=past, prices={})

    low, expected, high, basis = of(made, Stage.CONTENT)
    assert (expected, basis) == (2_500, PAST_RUNS)
    assert low < 2_000 < 3_000 < high


def test_a_past_with_another_model_says_nothing_about_its_price() -> None:
    past = Past(stages={Stage.CONTENT: [record(10, 200, same_model=False)]})
    prices = {Stage.CONTENT: UnitPrice(expected=1, maximum=2)}

    made = estimate(config(Stage.CONTENT), waiting={Stage.CONTENT: 10}, past=past, prices=prices)

    assert of(made, Stage.CONTENT) == (5, 10, 20, QUOTE)


def test_what_stages_make_is_counted_in_those_after_them() -> None:
    past = Past(
        stages={
            Stage.CLUSTER: [record(100, 10, outputs=10)],
            Stage.IDEAS: [record(10, 20, outputs=40)],
        }
    )

    made = estimate(
        config(Stage.CLUSTER, Stage.IDEAS, Stage.TASKS, Stage.CONTENT, Stage.REVIEW),
        waiting={Stage.CLUSTER: 50, Stage.TASKS: 3},
        past=past,
        prices={},
    )

    assert [stage.inputs for stage in made.stages] == [50, 5, 23, 23, 0, 0, 23]
    assert made.stages[Stage.TASKS - 1].items == 1
    assert of(made, Stage.TASKS) == (0, 0, 0, FREE)


def test_a_limit_of_items_caps_the_stage_and_those_after_it() -> None:
    made = estimate(
        config(Stage.CONTENT, Stage.IMAGE_PROMPTS, CONTENT=StageConfig(max_items_per_run=4)),
        waiting={Stage.CONTENT: 10},
        past=NO_PAST,
        prices={stage: UnitPrice(expected=5, maximum=5) for stage in (Stage.CONTENT, Stage.IMAGE_PROMPTS)},
    )

    assert [stage.credits for stage in made.stages] == [0, 0, 0, 20, 20, 0, 0]


def test_a_stage_that_is_off_takes_nothing_and_still_says_what_waits() -> None:
    made = estimate(config(Stage.REVIEW), waiting={Stage.CONTENT: 7}, past=NO_PAST, prices={})

    assert (made.stages[3].waiting, made.stages[3].inputs, made.credits) == (7, 0, 0)


def test_the_time_follows_the_pace_of_past_runs() -> None:
    past = Past(stages={}, paces=[(100, 10), (200, 20)])

    made = estimate(config(Stage.REVIEW), waiting={Stage.REVIEW: 6}, past=past, prices={})

    assert (made.seconds, made.past_runs) == (60, 2)


def test_the_range_narrows_with_the_runs_that_were_seen() -> None:
    widths = [found.high - found.low for found in (Range.seen([(10, 10)] * count) for count in (1, 4, 9))]

    assert widths == [Fraction(1, 2), Fraction(1, 5), Fraction(1, 10)]


@pytest.mark.parametrize("seed", range(5))
def test_of_twenty_runs_at_least_seventeen_lie_within_the_range_that_was_given_before(seed: int) -> None:
    """The error is measured: each run's credits vary by item, and the next is estimated from those before it."""
    randomness = random.Random(seed)
    done: list[StageRecord] = []
    within = 0
    for _ in range(21):
        items = randomness.randint(20, 60)
        credits = sum(randomness.randint(15, 45) for _ in range(items))
        if done:
            made = estimate(
                config(Stage.CONTENT),
                waiting={Stage.CONTENT: items},
                past=Past(stages={Stage.CONTENT: done[:10]}),
                prices={},
            )
            within += made.credits_low <= credits <= made.credits_high
        done.insert(0, record(items, credits))

    assert within >= 17

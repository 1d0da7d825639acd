"""What a run will take, before it starts: by stage, expected and as a range, from past runs of the site or from quotes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Final, Self

from services.ai.domain.config import AutomationConfig
from services.ai.domain.stages import Stage, next_stage

PAST_RUNS: Final = "past_runs"
"""From what the stage took in completed runs of this site with the same model."""

QUOTE: Final = "quote"
"""From a quote for usual items, as the site has no such run yet."""

FREE: Final = "free"
"""The stage needs no model."""


@dataclass(frozen=True, slots=True)
class Range:
    """A least, an expected and a most."""

    low: Fraction
    expected: Fraction
    high: Fraction

    @classmethod
    def of(cls, low: int | Fraction, expected: int | Fraction, high: int | Fraction) -> Self:
        return cls(Fraction(low), Fraction(expected), Fraction(high))

    @classmethod
    def seen(cls, parts: Sequence[tuple[int, int]]) -> Self:
        """Of parts and wholes that were seen, one pair a run: the mean of all, within the range of the runs.

        Few runs say little about the next one, so the range is widened by a quarter after one, a twentieth after nine.
        """
        shares = [Fraction(part, whole) for part, whole in parts]
        wider = Fraction(1, 2 * (len(parts) + 1))
        mean = Fraction(sum(part for part, _ in parts), sum(whole for _, whole in parts))
        return cls(min(shares) * (1 - wider), mean, max(shares) * (1 + wider))

    def times(self, other: Self) -> Self:
        return type(self)(self.low * other.low, self.expected * other.expected, self.high * other.high)

    def plus(self, other: Self) -> Self:
        return type(self)(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def at_most(self, limit: int) -> Self:
        """0 means no limit."""
        if not limit:
            return self
        return type(self)(*(min(value, Fraction(limit)) for value in (self.low, self.expected, self.high)))


USUAL_YIELD: Final[Mapping[Stage, Range]] = {
    Stage.CLUSTER: Range.of(Fraction(1, 15), Fraction(1, 6), Fraction(1, 2)),
    Stage.IDEAS: Range.of(1, 2, 3),
}
"""Things that one input leads to in the next stage, where the site has no past run; 1 where nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """One stage of a completed run of the site."""

    inputs: int
    outputs: int
    credits_used: int
    same_model: bool
    """Whether it used the model that is to be used now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """Credits of one usual item by a quote."""

    expected: int
    maximum: int
    inputs: int = 1
    """What the item works on, where the stage batches."""
    hold: int = 0
    """What the largest item seen to wait is held for before it begins, at least `maximum`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEstimate:
    """What one stage will take."""

    stage: Stage
    waiting: int = 0
    """Inputs that wait for it now."""
    inputs: int = 0
    """What the run takes of them, with those that stages before it are expected to make."""
    left_waiting: int = 0
    """Of `waiting`, what the run leaves for the next one."""
    items: int = 0
    credits: int = 0
    credits_low: int = 0
    credits_high: int = 0
    basis: str = FREE

    @property
    def note(self) -> str:
        """What the run leaves and why, for people; empty when nothing."""
        if not self.left_waiting:
            return ""
        return (
            f"{self.waiting} wait, and a run takes {self.waiting - self.left_waiting} of them. The other"
            f" {self.left_waiting} are left for the next run."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEstimate:
    """What a run will take. `seconds` is 0 when the site has no completed run."""

    stages: tuple[StageEstimate, ...]
    past_runs: int = 0
    seconds: int = 0

    @property
    def credits(self) -> int:
        return sum(stage.credits for stage in self.stages)

    @property
    def credits_low(self) -> int:
        return sum(stage.credits_low for stage in self.stages)

    @property
    def credits_high(self) -> int:
        return sum(stage.credits_high for stage in self.stages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Completed runs of the site, the newest first: how many, their stages, and (active seconds, items) of each."""

    stages: Mapping[Stage, Sequence[StageRecord]]
    paces: Sequence[tuple[int, int]] = ()


def estimate(
    config: AutomationConfig,
    *,
    waiting: Mapping[Stage, int],
    past: Past,
    prices: Mapping[Stage, UnitPrice],
) -> RunEstimate:
    """The estimate of a run with these settings over what waits; `prices` of stages without a usable past."""
    flowing: dict[Stage, Range] = {}
    stages = []
    for stage in Stage:
        if stage not in config.enabled:
            stages.append(StageEstimate(stage=stage, waiting=waiting.get(stage, 0)))
            continue
        count = waiting.get(stage, 0)
        taken = min(count, config.snapshot_limit(stage))
        inputs = Range.of(taken, taken, taken).plus(flowing.get(stage, Range.of(0, 0, 0)))
        inputs = inputs.at_most(config.stages[stage].max_items_per_run)
        following = next_stage(stage, config.enabled)
        if following is not None:
            flowing[following] = inputs.times(_yield(stage, past.stages.get(stage, ())))
        found = _stage(stage, inputs, config, past.stages.get(stage, ()), prices.get(stage))
        stages.append(replace(found, waiting=count, left_waiting=count - taken))
    whole = RunEstimate(stages=tuple(stages), past_runs=len(past.paces))
    items, seconds = sum(items for _, items in past.paces), sum(seconds for seconds, _ in past.paces)
    expected = sum(stage.items for stage in stages)
    return replace(whole, seconds=round(Fraction(seconds * expected, items)) if items else 0)


def needs_quote(stage: Stage, past: Past) -> bool:
    """Whether past runs say nothing about what the stage costs with the model at hand."""
    return stage.function is not None and not _usable(past.stages.get(stage, ()))


def _stage(
    stage: Stage,
    inputs: Range,
    config: AutomationConfig,
    records: Sequence[StageRecord],
    price: UnitPrice | None,
) -> StageEstimate:
    size = config.batch_size(stage)
    items = ceil(inputs.expected / size)
    if stage.function is None:
        return StageEstimate(stage=stage, inputs=ceil(inputs.expected), items=items)
    usable = _usable(records)
    if usable:
        each = Range.seen([(record.credits_used, record.inputs) for record in usable])
        basis = PAST_RUNS
    else:
        unit = price or UnitPrice(expected=0, maximum=0)
        expected = Fraction(unit.expected, unit.inputs)
        each = Range.of(expected / 2, expected, Fraction(unit.maximum, unit.inputs))
        basis = QUOTE
    credits = inputs.times(each)
    return StageEstimate(
        stage=stage,
        inputs=ceil(inputs.expected),
        items=items,
        credits=ceil(credits.expected),
        credits_low=floor(credits.low),
        credits_high=ceil(credits.high),
        basis=basis,
    )


def _usable(records: Sequence[StageRecord]) -> list[StageRecord]:
    return [record for record in records if record.inputs and record.same_model]


def _yield(stage: Stage, records: Sequence[StageRecord]) -> Range:
    """Inputs of the next stage that one input of this leads to."""
    seen = [(record.outputs, record.inputs) for record in records if record.inputs]
    if stage in (Stage.CLUSTER, Stage.IDEAS) and seen:
        return Range.seen(seen)
    return USUAL_YIELD.get(stage, Range.of(1, 1, 1))

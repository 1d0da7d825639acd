"""How long a run has gone on and how long it will, from facts that change only with its events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

THIS_RUN: Final = "this_run"
"""The pace of the run itself, pauses left out."""

PAST_RUNS: Final = "past_runs"
"""What earlier runs of the site took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When a run began, stood still and ended; seconds are whole."""

    created_at: datetime
    finished_at: datetime | None
    paused_at: datetime | None
    """Since when it is paused; None while it is not."""
    paused_seconds: int
    """How long it was paused before that."""

    def elapsed_seconds(self, now: datetime) -> int:
        """Since the start, pauses included; to the end of one that has ended."""
        return int(((self.finished_at or now) - self.created_at).total_seconds())

    def active_seconds(self, now: datetime) -> int:
        """Since the start, pauses left out."""
        until = self.finished_at or self.paused_at or now
        return max(0, int((until - self.created_at).total_seconds()) - self.paused_seconds)


@dataclass(frozen=True, slots=True)
class StageLeft:
    """The items of one stage: known, ended, and expected by the estimate the run began with."""

    total: int
    ended: int
    expected: int = 0


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """A guess in seconds, and what it is made from: THIS_RUN or PAST_RUNS."""

    seconds: int
    basis: str


def time_left(stages: Sequence[StageLeft], *, active_seconds: int, expected_seconds: int) -> TimeLeft | None:
    """The time left of a running run, by stages in their order. None before there is anything to guess from.

    A stage may still grow to what was expected of it as long as a stage before it has items left.
    """
    left, ended, growing = 0, 0, False
    for stage in stages:
        total = max(stage.total, stage.expected) if growing else stage.total
        left += total - stage.ended
        ended += stage.ended
        growing = growing or stage.ended < stage.total
    if ended:
        return TimeLeft(round(active_seconds / ended * left), THIS_RUN)
    if expected_seconds:
        return TimeLeft(max(0, expected_seconds - active_seconds), PAST_RUNS)
    return None

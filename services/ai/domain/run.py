"""An automation run: its states, its moves between them, and how far each of its stages is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

from chassis.refusal import Refusal, StateConflict
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run_clock import Clock, StageLeft, TimeLeft, time_left
from services.ai.domain.stages import Stage


class RunStatus(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    """It ended, and nothing of what it tried could be done."""


ENDED = frozenset({RunStatus.CANCELLED, RunStatus.COMPLETED, RunStatus.FAILED})
"""Final states: each frees the site for another run."""

ACTIVE = frozenset(RunStatus) - ENDED


LIMIT: Final = "limit"
"""Credits remain of the run's own limit."""

ESTIMATE: Final = "estimate"
"""Credits remain of what the estimate at the start expected, as the run has no limit."""


@dataclass(frozen=True, slots=True)
class CreditsRemaining:
    """Credits that a run has left, and of what: LIMIT or ESTIMATE."""

    credits: int
    basis: str


class Trigger(StrEnum):
    """What started a run."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"


class PauseReason(StrEnum):
    """Why a run is paused."""

    USER = "user"
    INSUFFICIENT_CREDITS = "insufficient_credits"
    BUDGET_REACHED = "budget_reached"
    PROVIDER_KEY = "provider_key"
    """A provider refuses the key it is given, or there is none for it."""
    ACCOUNT_SUSPENDED = "account_suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUp:
    """What holds a run up, though it says nothing about the item that met it: the run pauses, and the item waits."""

    reason: PauseReason
    scope: str = ""
    """What the budget that was reached caps, in billing's words: `run`, `site_day`, `site_month` or `api_key`."""
    detail: str = ""
    """The refusal, with its numbers and the way out; for people."""


class RunAlreadyActive(Refusal):
    """The site has a run that is running or paused."""

    reason = "RUN_ALREADY_ACTIVE"

    def __init__(self, run_id: str) -> None:
        super().__init__(
            "This site already has an active run. Wait for it, or cancel it.", metadata={"run_id": run_id}
        )


class RunBudgetExceeded(Refusal):
    """The run's own limit of credits does not cover the next item."""

    reason = "BUDGET_EXCEEDED"

    def __init__(self, *, limit: int, left: int, required: int) -> None:
        super().__init__(
            f"The run's limit of {limit} credits leaves {left}; this needs {required}. Raise the limit and resume.",
            metadata={"scope": "run", "limit": str(limit), "left": str(left), "required": str(required)},
        )


class CreditsTied(RunBudgetExceeded):
    """What is left would do, but for credits that the run's items in flight hold and may give back."""

    def __init__(self, *, required: int, limit: int = 0, left: int = 0) -> None:
        super().__init__(limit=limit, left=left, required=required)
        self.required = required


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress:
    """How far one stage of a run is, in items."""

    stage: Stage
    enabled: bool
    batch_size: int
    concurrency: int
    max_items: int = 0
    """At most this many inputs; 0 means no limit."""
    inputs: int = 0
    """Inputs planned so far, of all its items."""
    total: int = 0
    done: int = 0
    failed: int = 0
    skipped: int = 0
    in_flight: int = 0
    outputs: int = 0
    credits_used: int = 0
    expected: int = 0
    """Items that the estimate at the start expected of it."""
    credits_expected: int = 0
    """Credits the estimate at the start expected, between `credits_low` and `credits_high`."""
    credits_low: int = 0
    credits_high: int = 0
    estimate_basis: str = ""
    """What the estimate was made from; empty without one."""
    credits_awaited: int = 0
    """What an item needs that was put off because others hold the credits; 0 when none was."""

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.skipped

    def room(self) -> int | None:
        """Inputs that may still be planned; None when there is no limit."""
        return None if self.max_items == 0 else max(0, self.max_items - self.inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a site's automation. Everything a worker needs to continue it is here and in its items."""

    id: str
    account_id: str
    site_id: str
    actor: str
    created_at: datetime
    updated_at: datetime
    stages: tuple[StageProgress, ...]
    status: RunStatus = RunStatus.RUNNING
    pause_reason: PauseReason | None = None
    pause_scope: str = ""
    pause_detail: str = ""
    """What `HeldUp` says beside the reason; empty while it is not held up."""
    error: str = ""
    max_credits: int = 0
    """Where it stops; 0 means no limit."""
    max_in_article_images: int = 0
    models: Mapping[FunctionName, str] = field(default_factory=dict)
    """The model of each function it runs, chosen at its start."""
    sequence: int = 0
    """Counts its changes; each of its events carries it."""
    finished_at: datetime | None = None
    trigger: Trigger = Trigger.MANUAL
    paused_at: datetime | None = None
    """Since when it is paused."""
    paused_seconds: int = 0
    """How long it was paused before."""
    expected_seconds: int = 0
    """What earlier runs of the site let expect; 0 when there were none."""
    enabled: frozenset[Stage] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "enabled", frozenset(progress.stage for progress in self.stages if progress.enabled)
        )

    @property
    def text_model(self) -> str:
        """The model of its articles, which stands for its texts; empty where it writes none."""
        return self.models.get(FunctionName.GENERATE_CONTENT, "")

    @property
    def image_model(self) -> str:
        """Empty where it makes no images."""
        return self.models.get(FunctionName.GENERATE_IMAGES, "")

    def with_models(self, *, text_model: str, image_model: str) -> Self:
        """Other models for all texts and for images; an empty name keeps those it has."""
        return replace(
            self,
            models={
                function: (image_model if function.makes_images else text_model) or model_name
                for function, model_name in self.models.items()
            },
        )

    @property
    def credits_used(self) -> int:
        return sum(progress.credits_used for progress in self.stages)

    @property
    def in_flight(self) -> int:
        return sum(progress.in_flight for progress in self.stages)

    @property
    def percent(self) -> float:
        """Items ended of those known, 0 to 100 with one decimal."""
        total = sum(progress.total for progress in self.stages)
        if total == 0:
            return 100.0 if self.status is RunStatus.COMPLETED else 0.0
        return round(100 * sum(progress.ended for progress in self.stages) / total, 1)

    @property
    def everything_ended(self) -> bool:
        return all(progress.ended == progress.total for progress in self.stages)

    def progress(self, stage: Stage) -> StageProgress:
        return self.stages[stage - 1]

    def with_progress(self, progress: StageProgress, *, now: datetime) -> Self:
        stages = tuple(progress if other.stage is progress.stage else other for other in self.stages)
        return replace(self, stages=stages, updated_at=now)

    @property
    def credits_remaining(self) -> CreditsRemaining | None:
        """What it may still use by its limit, else what it is still expected to; None with neither."""
        if self.max_credits:
            return CreditsRemaining(max(0, self.max_credits - self.credits_used), LIMIT)
        if not any(progress.estimate_basis for progress in self.stages):
            return None
        expected = sum(progress.credits_expected for progress in self.stages)
        left = 0 if self.status in ENDED else max(0, expected - self.credits_used)
        return CreditsRemaining(left, ESTIMATE)

    @property
    def clock(self) -> Clock:
        return Clock(
            created_at=self.created_at,
            finished_at=self.finished_at,
            paused_at=self.paused_at,
            paused_seconds=self.paused_seconds,
        )

    def time_left(self, now: datetime) -> TimeLeft | None:
        """A guess; None while it does not run, and before there is anything to guess from."""
        if self.status is not RunStatus.RUNNING:
            return None
        return time_left(
            [StageLeft(stage.total, stage.ended, stage.expected) for stage in self.stages],
            active_seconds=self.clock.active_seconds(now),
            expected_seconds=self.expected_seconds,
        )

    def pause(self, held_up: HeldUp, *, now: datetime) -> Self:
        """Asks it to pause: at once when nothing is in flight. Pausing a paused run changes nothing."""
        if self.status in (RunStatus.PAUSING, RunStatus.PAUSED):
            return self
        if self.status is not RunStatus.RUNNING:
            raise self._conflict("paused")
        pausing = replace(
            self,
            status=RunStatus.PAUSING,
            pause_reason=held_up.reason,
            pause_scope=held_up.scope,
            pause_detail=held_up.detail,
            updated_at=now,
        )
        return pausing.settled(now=now)

    def resume(self, *, now: datetime) -> Self:
        """Lets it go on. Resuming a running run changes nothing."""
        if self.status is RunStatus.RUNNING:
            return self
        if self.status not in (RunStatus.PAUSING, RunStatus.PAUSED):
            raise self._conflict("resumed")
        stages = tuple(replace(stage, credits_awaited=0) for stage in self.stages)
        return replace(self._going(now=now), status=RunStatus.RUNNING, stages=stages, updated_at=now)

    def reopened(self, *, now: datetime) -> Self:
        """Lets a run that came to its end go on with items that are retried; one that has not stays as it is."""
        if self.status in (RunStatus.COMPLETED, RunStatus.FAILED):
            rested = replace(self, error="", paused_at=self.finished_at, finished_at=None)._going(now=now)
            return replace(rested, status=RunStatus.RUNNING, updated_at=now)
        if self.status in ENDED or self.status is RunStatus.CANCELLING:
            raise self._conflict("retried")
        return self

    def limited(self, max_credits: int | None, *, now: datetime) -> Self:
        """Another limit of credits, 0 for none; None keeps the one it has."""
        if max_credits is None or max_credits == self.max_credits:
            return self
        return replace(self, max_credits=max_credits, updated_at=now)

    def cancel(self, *, now: datetime) -> Self:
        """Asks it to end for good. Cancelling it again changes nothing."""
        if self.status in (RunStatus.CANCELLING, RunStatus.CANCELLED):
            return self
        if self.status in ENDED:
            raise self._conflict("cancelled")
        return replace(self._going(now=now), status=RunStatus.CANCELLING, updated_at=now)

    def settled(self, *, now: datetime) -> Self:
        """Takes the step that waits for nothing to be in flight, when nothing is."""
        if self.in_flight:
            return self
        if self.status is RunStatus.PAUSING:
            return replace(self, status=RunStatus.PAUSED, updated_at=now, paused_at=now)
        if self.status is RunStatus.CANCELLING:
            return replace(self, status=RunStatus.CANCELLED, updated_at=now, finished_at=now)
        if self.status is RunStatus.RUNNING and self.everything_ended:
            status = RunStatus.FAILED if self._nothing_was_done else RunStatus.COMPLETED
            return replace(self, status=status, updated_at=now, finished_at=now)
        return self

    @property
    def _nothing_was_done(self) -> bool:
        done, failed = (sum(getattr(stage, ended) for stage in self.stages) for ended in ("done", "failed"))
        return bool(failed) and not done

    def admit(self, required: int, *, held: int) -> None:
        """Lets an item spend up to `required` credits while others hold `held`.

        Raises CreditsTied when it may be let in once those have ended, else RunBudgetExceeded.
        """
        if self.max_credits == 0:
            return
        unspent = self.max_credits - self.credits_used
        if required <= unspent - held:
            return
        if held and required <= unspent:
            raise CreditsTied(limit=self.max_credits, left=max(unspent - held, 0), required=required)
        raise RunBudgetExceeded(limit=self.max_credits, left=max(unspent, 0), required=required)

    def _going(self, *, now: datetime) -> Self:
        """It stands still no longer, and nothing holds it up."""
        going = replace(self, pause_reason=None, pause_scope="", pause_detail="")
        if self.paused_at is None:
            return going
        paused = self.paused_seconds + round((now - self.paused_at).total_seconds())
        return replace(going, paused_at=None, paused_seconds=paused)

    def _conflict(self, done: str) -> StateConflict:
        return StateConflict(
            f"This run is {self.status} and cannot be {done}. Start a new one.",
            metadata={"kind": "run", "state": self.status, "run_id": self.id},
        )

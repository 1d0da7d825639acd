"""One unit of work of one stage of a run."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from services.ai.domain.stages import Stage
from services.ai.domain.task import ATTEMPTS_MAX


class RunItemStatus(StrEnum):
    """How an item stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """One item. `dispatched` says that a job for it was handed out and not taken back."""

    id: str
    run_id: str
    account_id: str
    stage: Stage
    ordinal: int
    """Its place among the items of its stage, from 1."""
    label: str
    input_ids: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    status: RunItemStatus = RunItemStatus.QUEUED
    dispatched: bool = False
    handed_out_at: datetime | None = None
    """When a job for it was last handed out."""
    attempts: int = 0
    ai_task_id: str | None = None
    credits_held: int = 0
    """What its execution may still spend; 0 before the quote and after the end."""
    credits_used: int = 0
    outcome: str = ""
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.status in (RunItemStatus.DONE, RunItemStatus.FAILED, RunItemStatus.SKIPPED)

    @property
    def poisonous(self) -> bool:
        """Whether it was begun once more than it may be."""
        return self.attempts > ATTEMPTS_MAX

    def begin(self, *, now: datetime) -> Self:
        """A worker takes it, for the first time or after another worker was lost."""
        return replace(self, status=RunItemStatus.RUNNING, attempts=self.attempts + 1, updated_at=now)

    def forgiven(self, *, now: datetime) -> Self:
        """The attempt does not count: something else than the item ended it."""
        return replace(self, attempts=max(0, self.attempts - 1), updated_at=now)

    def put_off(self, *, now: datetime) -> Self:
        """It waits until others have given credits back, and its execution with it. The attempt does not count."""
        return replace(self.put_back(now=now), ai_task_id=self.ai_task_id)

    def put_back(self, *, now: datetime) -> Self:
        """It waits again, undispatched, because the run does not go on just now. The attempt does not count."""
        return replace(
            self,
            status=RunItemStatus.QUEUED,
            dispatched=False,
            attempts=max(0, self.attempts - 1) if self.status is RunItemStatus.RUNNING else self.attempts,
            ai_task_id=None,
            credits_held=0,
            updated_at=now,
        )

    def done(self, *, credits_used: int, outcome: str, now: datetime) -> Self:
        return replace(
            self,
            status=RunItemStatus.DONE,
            credits_used=credits_used,
            credits_held=0,
            outcome=outcome,
            updated_at=now,
        )

    def failed(self, error: str, *, credits_used: int, now: datetime) -> Self:
        return replace(
            self,
            status=RunItemStatus.FAILED,
            credits_used=credits_used,
            credits_held=0,
            error=error,
            updated_at=now,
        )

    def skipped(self, *, now: datetime) -> Self:
        return replace(self, status=RunItemStatus.SKIPPED, dispatched=False, credits_held=0, updated_at=now)

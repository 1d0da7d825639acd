"""One unit of work of one stage of a run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from services.ai.domain.stages import Output, Stage
from services.ai.domain.task import ATTEMPTS_MAX, AiTask, TaskStatus
from services.ai.domain.task_item import EndedItem, ItemStatus


class RunItemStatus(StrEnum):
    """How an item stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """How an item ended. `error` is empty when it succeeded; the outputs of `flow` go on to the next stage either way."""

    flow: Sequence[Output] = ()
    outputs: int = 0
    output_ids: Sequence[str] = ()
    credits_used: int = 0
    cost: Decimal = Decimal(0)
    input_tokens: int = 0
    output_tokens: int = 0
    outcome: str = ""
    error: str = ""


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
    """All its executions together, as cost and tokens are."""
    cost: Decimal = Decimal(0)
    """What the providers charged, in USD."""
    input_tokens: int = 0
    output_tokens: int = 0
    outputs: int = 0
    """Things it made."""
    output_ids: tuple[str, ...] = ()
    """What it made, or worked on where it makes nothing new, at publisher."""
    retries: int = 0
    """How often somebody asked for it again after it had failed."""
    outcome: str = ""
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.status in (RunItemStatus.DONE, RunItemStatus.FAILED, RunItemStatus.SKIPPED)

    @property
    def poisonous(self) -> bool:
        """Whether it was begun once more than it may be."""
        return self.attempts > ATTEMPTS_MAX

    @property
    def hopeless(self) -> bool:
        """Whether it could not even be given up in as many attempts again."""
        return self.attempts > 2 * ATTEMPTS_MAX

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

    def done(self, result: ItemResult, *, now: datetime) -> Self:
        return replace(
            self._took(result, now=now), status=RunItemStatus.DONE, outcome=result.outcome, error=""
        )

    def failed(self, result: ItemResult, *, now: datetime) -> Self:
        return replace(self._took(result, now=now), status=RunItemStatus.FAILED, error=result.error)

    def retried(self, *, input_ids: tuple[str, ...] | None, now: datetime) -> Self:
        """It failed, or a part of it, and waits again for an execution of its own; what it cost before stays counted."""
        return replace(
            self,
            status=RunItemStatus.QUEUED,
            dispatched=False,
            attempts=0,
            retries=self.retries + 1,
            ai_task_id=None,
            input_ids=input_ids or self.input_ids,
            outcome="",
            error="",
            updated_at=now,
        )

    def _took(self, result: ItemResult, *, now: datetime) -> Self:
        return replace(
            self,
            credits_held=0,
            credits_used=self.credits_used + result.credits_used,
            cost=self.cost + result.cost,
            input_tokens=self.input_tokens + result.input_tokens,
            output_tokens=self.output_tokens + result.output_tokens,
            outputs=self.outputs + result.outputs,
            output_ids=tuple(dict.fromkeys((*self.output_ids, *result.output_ids))),
            updated_at=now,
        )

    def skipped(self, *, now: datetime) -> Self:
        return replace(self, status=RunItemStatus.SKIPPED, dispatched=False, credits_held=0, updated_at=now)


def result_of(item: RunItem, task: AiTask, ended: Sequence[EndedItem]) -> ItemResult:
    """How an item ended by its execution, which has ended, and what came of the items of that."""
    outputs = [each.output for each in ended if each.status is ItemStatus.DONE]
    found = [Output(id=output["id"], label=output["label"]) for each in outputs for output in each["flow"]]
    # Each thing once, in order.
    flow = list({output.id: output for output in found}.values())
    if item.stage is Stage.IMAGES:
        # An article whose images have finally failed goes to review all the same.
        flow = [Output(id=item.input_ids[0], label=item.label)]
    return ItemResult(
        flow=flow,
        outputs=task.outputs,
        output_ids=[output.id for output in flow],
        credits_used=task.credits_used,
        cost=task.cost,
        input_tokens=sum(output["input_tokens"] for output in outputs),
        output_tokens=sum(output["output_tokens"] for output in outputs),
        outcome=f"{task.items_done} of {task.items_total} done" if task.items_failed else "",
        error=task.error if task.status is TaskStatus.ERROR else "",
    )

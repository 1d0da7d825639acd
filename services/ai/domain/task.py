"""The task log: one execution of one AI function over the items of one job."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Self

from chassis.refusal import Refusal, StateConflict
from services.ai.domain.function_names import FunctionName

ATTEMPTS_MAX: Final = 5
"""Work that was begun this often and never ended is taken to be poison: it is not done again, but failed."""


class TaskStatus(StrEnum):
    """How an execution stands. It moves once, from pending to one of the others."""

    PENDING = "pending"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """What an execution is doing. The values are those the task log's column holds."""

    INIT = "INIT"
    PREP = "PREP"
    AI_CALL = "AI_CALL"
    SAVE = "SAVE"
    DONE = "DONE"


class NeverEnded(Refusal):
    """Every attempt at the work died before its end, so it is not begun again."""

    reason = "INTERNAL"

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"It was begun {attempts} times and never ended. Retry it alone, and contact support if it happens again.",
            metadata={"attempts": str(attempts)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedItem:
    """One item that failed for good. `error` is for people; `reason` is of the error catalogue."""

    item_id: str
    label: str
    reason: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AiTask:
    """One execution. `cost` is what the providers charged, in USD; credits are integers."""

    id: str
    account_id: str
    site_id: str
    function_name: FunctionName
    model_name: str
    prompt_version: str
    actor: str
    created_at: datetime
    updated_at: datetime
    payload: dict[str, Any]
    run_id: str | None = None
    attempts: int = 0
    """Times a worker began it by a job of its own; those of a run count at their item."""
    status: TaskStatus = TaskStatus.PENDING
    phase: Phase = Phase.INIT
    items_total: int = 0
    items_done: int = 0
    items_failed: int = 0
    outputs: int = 0
    """Things made: clusters, ideas, articles, prompts or images."""
    credits_used: int = 0
    cost: Decimal = Decimal(0)
    result: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    error: str = ""
    quote_id: str | None = None
    credits_quoted: int = 0
    """The most that its open items may take, by its quote."""
    reservation_id: str | None = None
    finished_at: datetime | None = None
    cancelling: bool = False
    """Whether it was asked to stop between items."""

    @property
    def api_key_id(self) -> str:
        """The key on whose behalf it works, so that the key's budget counts it; empty for anybody else."""
        return api_key_id(self.actor)

    @property
    def ended(self) -> bool:
        return self.status is not TaskStatus.PENDING

    @property
    def poisonous(self) -> bool:
        """Whether it was begun once more than it may be."""
        return self.attempts > ATTEMPTS_MAX

    @property
    def hopeless(self) -> bool:
        """Whether it could not even be given up in as many attempts again."""
        return self.attempts > 2 * ATTEMPTS_MAX

    @property
    def begun(self) -> bool:
        """Whether nothing more is to be read, quoted or reserved for it."""
        return self.ended or self.reservation_id is not None

    @property
    def held_before(self) -> bool:
        """Whether its credits were held once, so that something may have come of it; the hold may have ended since."""
        return self.phase in (Phase.AI_CALL, Phase.SAVE)

    @property
    def items_ended(self) -> int:
        return self.items_done + self.items_failed

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop before everything was done."""
        everything = self.phase is not Phase.INIT and self.items_ended == self.items_total
        return self.cancelling and not everything

    def cancel(self, *, now: datetime) -> Self:
        """Asks it to stop between items; again changes nothing. Raises StateConflict."""
        if self.cancelling or self.status is TaskStatus.CANCELLED:
            return self
        metadata = {"kind": "ai_task", "state": self.status.value, "ai_task_id": self.id}
        if self.ended:
            raise StateConflict(
                "This AI task has ended and cannot be cancelled. What it made can be changed by hand.",
                metadata=metadata,
            )
        if self.run_id is not None:
            raise StateConflict(
                "This AI task belongs to an automation run. Pause or cancel the run.",
                metadata={**metadata, "run_id": self.run_id},
            )
        return replace(self, cancelling=True, updated_at=now)

    def prepared(self, *, items: int, now: datetime) -> Self:
        """Its items are written down; nothing is held or called yet."""
        return replace(self, items_total=items, phase=Phase.PREP, updated_at=now)

    def quoted(self, quote_id: str, *, credits: int, now: datetime) -> Self:
        """Its price is pinned, and nothing is held by it yet.

        A repeat of the reservation names the same quote, and is the same reservation.
        """
        return replace(self, quote_id=quote_id, credits_quoted=credits, reservation_id=None, updated_at=now)

    def reserved(self, reservation_id: str, *, now: datetime) -> Self:
        """Its quote is held at billing; the model may be called."""
        return replace(self, reservation_id=reservation_id, phase=Phase.AI_CALL, updated_at=now)

    def item_done(self, *, outputs: int, credits_used: int, cost: Decimal, now: datetime) -> Self:
        """One more item is saved and charged."""
        return replace(
            self,
            phase=Phase.SAVE,
            items_done=self.items_done + 1,
            outputs=self.outputs + outputs,
            credits_used=self.credits_used + credits_used,
            cost=self.cost + cost,
            updated_at=now,
        )

    def item_failed(self, *, now: datetime) -> Self:
        """One more item failed for good; it costs nothing."""
        return replace(self, phase=Phase.SAVE, items_failed=self.items_failed + 1, updated_at=now)

    def finish(self, failed_items: list[FailedItem], *, now: datetime) -> Self:
        """Ends the execution: success when anything succeeded or there was nothing to do, else the first fault.

        One that was stopped before everything was done is cancelled, whatever came of what was.
        """
        broken = bool(failed_items) and self.items_done == 0 and not self.stopped
        whole = TaskStatus.CANCELLED if self.stopped else TaskStatus.SUCCESS
        return replace(
            self,
            status=TaskStatus.ERROR if broken else whole,
            phase=Phase.DONE,
            reason=failed_items[0].reason if broken else "",
            error=failed_items[0].error if broken else "",
            result=self._result(failed_items),
            updated_at=now,
            finished_at=now,
        )

    def refuse(self, refusal: Refusal, *, now: datetime) -> Self:
        """Ends the execution before any item: the account, the model, its key or the inventory did not allow it."""
        return replace(
            self,
            status=TaskStatus.ERROR,
            phase=Phase.DONE,
            reason=refusal.reason,
            error=refusal.message,
            result=self._result([]),
            updated_at=now,
            finished_at=now,
        )

    def dropped(self, *, now: datetime) -> Self:
        """Ends an execution that was put off before anything came of it, because nobody waits for it now."""
        return replace(self, cancelling=True).finish([], now=now)

    def _result(self, failed_items: list[FailedItem]) -> dict[str, Any]:
        return {
            "tasks_processed": self.items_done,
            self.function_name.outputs_key: self.outputs,
            "credits_used": self.credits_used,
            "failed_items": [
                {"item_id": item.item_id, "label": item.label, "reason": item.reason, "error": item.error}
                for item in failed_items
            ],
        }


def api_key_id(actor: str) -> str:
    """The id of the API key that `actor` is; empty for anybody else."""
    kind, _, subject = actor.partition(":")
    return subject if kind == "api_key" else ""

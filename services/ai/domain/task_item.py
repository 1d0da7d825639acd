"""One item of an execution and its journal: what was asked, what the model answered, what came of it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self


class ItemStatus(StrEnum):
    """Where an item is on the road."""

    PENDING = "pending"
    """Nothing of it is journalled: the provider may be called."""
    ANSWERED = "answered"
    """The provider's answer is journalled: it is never asked again for this item."""
    DONE = "done"
    """Its output is saved and captured."""
    FAILED = "failed"
    """It failed for good and cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's answer as it is journalled: JSON text or image bytes, and what it took."""

    data: bytes
    media_type: str
    input_tokens: int = 0
    cached_input_tokens: int = 0
    """Of `input_tokens`, those the provider read from its prompt cache."""
    output_tokens: int = 0
    reasoning_tokens: int = 0
    """Of `output_tokens`, those the model thought with and did not send."""
    images: int = 0
    image_size: str = ""
    """Width x height in pixels as it was asked for, where the provider prices images so."""
    image_quality: str = ""
    calls: int = 1
    """Answers of the provider that this is the sum of."""
    cost_usd: Decimal | None = None
    """What the provider said it charged, in USD; None means: compute it from the price."""
    model_name: str = ""
    provider_request_id: str = ""
    own_key: bool = False
    """Whether it was asked for by the account's own key, so that the platform paid nothing for it."""

    def after(self, earlier: "Answer") -> "Answer":
        """This answer with what the earlier ones of its item took added: all were paid for."""
        return replace(
            self,
            input_tokens=self.input_tokens + earlier.input_tokens,
            cached_input_tokens=self.cached_input_tokens + earlier.cached_input_tokens,
            output_tokens=self.output_tokens + earlier.output_tokens,
            reasoning_tokens=self.reasoning_tokens + earlier.reasoning_tokens,
            calls=self.calls + earlier.calls,
            cost_usd=self.cost_usd
            if earlier.cost_usd is None
            else (self.cost_usd or Decimal(0)) + earlier.cost_usd,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskItem:
    """One item. `input` is fixed when the task is prepared, so every attempt asks for the same thing."""

    task_id: str
    position: int
    item_id: str
    """The keyword batch, cluster, task, content or image it is about."""
    label: str
    input: dict[str, Any]
    status: ItemStatus = ItemStatus.PENDING
    drafts: tuple[Any, ...] = ()
    """What the calls before the last one came to, for a function that asks several times for one item."""
    answer: Answer | None = None
    """The last answer, with what all answers of the item took."""
    repaired: bool = False
    """Whether the answer is the one of the repair attempt of its call."""
    asked_before: bool = False
    """Whether its next call may have been made by a worker that died with the answer; not written down."""
    output: dict[str, Any] = field(default_factory=dict)
    credits_used: int = 0
    cost: Decimal = Decimal(0)
    reason: str = ""
    error: str = ""

    def answered(self, answer: Answer, *, drafts: tuple[Any, ...] = (), repair: bool = False) -> Self:
        """The provider answered the call that follows on `drafts`; `repair` marks the answer of its repair attempt.

        What every answer took is paid together. Noting the same answer again changes nothing.
        """
        same_call = len(drafts) == len(self.drafts)
        noted = self.answer is not None and (self.repaired or not repair)
        if len(drafts) < len(self.drafts) or (same_call and noted):
            return self
        total = answer if self.answer is None else answer.after(self.answer)
        return replace(
            self,
            status=ItemStatus.ANSWERED,
            drafts=drafts,
            answer=total,
            repaired=repair,
            asked_before=False,
        )

    def done(self, output: dict[str, Any], *, credits_used: int, cost: Decimal) -> Self:
        """Its output is at the publisher and its capture at billing. The answer is no longer needed."""
        return replace(
            self,
            status=ItemStatus.DONE,
            output=output,
            credits_used=credits_used,
            cost=cost,
            answer=None,
            drafts=(),
        )

    def failed(self, *, reason: str, error: str) -> Self:
        """It failed for good."""
        return replace(self, status=ItemStatus.FAILED, reason=reason, error=error, answer=None, drafts=())

    @property
    def open(self) -> bool:
        return self.status in (ItemStatus.PENDING, ItemStatus.ANSWERED)

    @property
    def ending(self) -> "EndedItem":
        """What is told of it once it has ended."""
        return EndedItem(
            item_id=self.item_id,
            label=self.label,
            status=self.status,
            output=self.output,
            reason=self.reason,
            error=self.error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedItem:
    """What is told of an item that is done or failed."""

    item_id: str
    label: str
    status: ItemStatus
    output: dict[str, Any]
    """What came of it, as `Saved.to_json` wrote it, with the tokens it took; empty for one that failed."""
    reason: str
    error: str

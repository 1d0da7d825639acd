"""Prices of models: versions that are added and never edited, and what work costs by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.money import COST_MAX, COST_PLACES_MAX, fits, plus, thousandth, times


class Kind(StrEnum):
    """What a model makes."""

    TEXT = "text"
    IMAGE = "image"


class PriceNotFound(Refusal):
    """The model has no price in force, so it cannot be used; it is never free."""

    reason = "PRICE_NOT_FOUND"

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"The model {model_name} has no price. Ask the operator to add one.",
            metadata={"model_name": model_name},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one item took: tokens read and written, images made."""

    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """One version of a model's price: what the provider takes in USD, and what we take in credits."""

    id: str
    model_name: str
    provider: str
    kind: Kind
    effective_from: datetime
    created_at: datetime
    created_by: str
    cost_per_1k_input: Decimal = Decimal(0)
    cost_per_1k_output: Decimal = Decimal(0)
    cost_per_image: Decimal = Decimal(0)
    tokens_per_credit: int = 0
    credits_per_image: int = 0
    is_active: bool = False
    source: str = ""

    def check(self) -> Self:
        """Raises RequestInvalid, naming every field that its kind of model cannot have."""
        faults = list(self._faults())
        if faults:
            raise RequestInvalid(*faults)
        return self

    def is_same(self, other: Self) -> bool:
        """Whether two versions say the same, whenever they come into force."""
        return self._terms == other._terms

    def credits_for(self, work: Work, *, minimum: int) -> int:
        """Credits of one item. Text is rounded up to whole credits and never below `minimum`."""
        if self.kind is Kind.IMAGE:
            return work.images * self.credits_per_image
        return max(minimum, self.credits_of_tokens(work.total_tokens))

    def credits_of_tokens(self, tokens: int) -> int:
        """Credits of so many tokens, rounded up."""
        return -(-tokens // self.tokens_per_credit)

    def cost_of(self, work: Work) -> Decimal:
        """What the provider takes for one item, in USD, to the last digit."""
        if self.kind is Kind.IMAGE:
            return times(work.images, self.cost_per_image)
        read = times(work.input_tokens, self.cost_per_1k_input)
        written = times(work.output_tokens, self.cost_per_1k_output)
        return thousandth(plus(read, written))

    def check_work(self, work: Work) -> None:
        """Raises RequestInvalid for images by a text model, or none by an image model."""
        if self.kind is Kind.TEXT and work.images:
            raise RequestInvalid(FieldFault("images", f"must be 0, since {self.model_name} makes text"))
        if self.kind is Kind.IMAGE and work.images < 1:
            raise RequestInvalid(
                FieldFault("images", f"must be at least 1, since {self.model_name} makes images")
            )

    def _faults(self) -> Iterator[FieldFault]:
        costs = ("cost_per_1k_input", "cost_per_1k_output", "cost_per_image")
        for name in costs:
            if not fits(getattr(self, name)):
                yield FieldFault(
                    name, f"must be from 0 to below {COST_MAX} with at most {COST_PLACES_MAX} places"
                )
        text = self.kind is Kind.TEXT
        wanted = "tokens_per_credit" if text else "credits_per_image"
        unwanted = (*costs[2:], "credits_per_image") if text else (*costs[:2], "tokens_per_credit")
        if getattr(self, wanted) < 1:
            yield FieldFault(wanted, f"must be above 0 for models of the kind {self.kind}")
        for name in unwanted:
            if getattr(self, name) != 0:
                yield FieldFault(name, f"must be 0 for models of the kind {self.kind}")

    @property
    def _terms(self) -> tuple[object, ...]:
        return (
            self.model_name,
            self.provider,
            self.kind,
            self.cost_per_1k_input,
            self.cost_per_1k_output,
            self.cost_per_image,
            self.tokens_per_credit,
            self.credits_per_image,
            self.source,
        )


def in_force(versions: Iterable[ModelPrice], *, now: datetime) -> ModelPrice | None:
    """The version of one model that holds now: the latest whose time has come."""
    begun = [version for version in versions if version.effective_from <= now]
    return max(begun, key=lambda version: (version.effective_from, version.id), default=None)

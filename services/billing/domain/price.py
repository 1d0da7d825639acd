"""Prices of models: versions that are added and never edited, and what work costs by one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.money import COST_MAX, COST_PLACES_MAX, fits, places, thousandth, times, total
from services.billing.domain.work import TokenKind, Work

WEIGHT_MAX = 1_000
WEIGHT_PLACES_MAX = 6
VARIANTS_MAX = 100

_WEIGHT_SCALE: int = 10**WEIGHT_PLACES_MAX
_ONE = Decimal(1)


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
class ImageVariant:
    """What an image of one size and quality costs, where the provider prices so."""

    size: str
    quality: str
    cost_per_image: Decimal
    credits_per_image: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """One version of a model's price: what the provider takes in USD, and what we take in credits.

    Where nothing is said of cached tokens they cost and count as other tokens read, and those of reasoning as other
    tokens written. `credits_per_image` is for images of which no size and quality is named; where variants are listed,
    one that is not among them costs as the dearest.
    """

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
    cost_per_1k_cached_input: Decimal | None = None
    cost_per_1k_reasoning: Decimal | None = None
    weight_cached_input: Decimal | None = None
    weight_output: Decimal | None = None
    weight_reasoning: Decimal | None = None
    image_variants: tuple[ImageVariant, ...] = ()

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
            return work.images * self.credits_of_image(work.image_size, work.image_quality)
        return max(minimum, self.credits_of_tokens(self.counted(work)))

    def credits_of_image(self, size: str, quality: str) -> int:
        """Credits of one image of that size and quality."""
        return self._image(size, quality).credits_per_image

    def credits_of_tokens(self, counted: int | Decimal) -> int:
        """Credits of so many counted tokens, rounded up."""
        if isinstance(counted, int):
            return -(-counted // self.tokens_per_credit)
        return -(-int(counted * _WEIGHT_SCALE) // (self.tokens_per_credit * _WEIGHT_SCALE))

    def counted(self, work: Work) -> int | Decimal:
        """The tokens of the work, each as much as its kind counts; a whole number where no kind has a weight."""
        if not self.is_weighted:
            return work.total_tokens
        return total(times(tokens, self.weight_of(kind)) for kind, tokens in work.tokens.items())

    @property
    def is_weighted(self) -> bool:
        """Whether tokens of some kind count more or less than one."""
        return not (self.weight_cached_input is self.weight_output is self.weight_reasoning is None)

    def weight_of(self, kind: TokenKind) -> Decimal:
        """What a token of the kind counts; one that is read counts 1."""
        match kind:
            case TokenKind.INPUT:
                return _ONE
            case TokenKind.CACHED_INPUT:
                return _or(self.weight_cached_input, _ONE)
            case TokenKind.OUTPUT:
                return _or(self.weight_output, _ONE)
            case TokenKind.REASONING:
                return _or(self.weight_reasoning, _or(self.weight_output, _ONE))

    def cost_per_1k(self, kind: TokenKind) -> Decimal:
        """What the provider takes for 1,000 tokens of the kind, in USD."""
        match kind:
            case TokenKind.INPUT:
                return self.cost_per_1k_input
            case TokenKind.CACHED_INPUT:
                return _or(self.cost_per_1k_cached_input, self.cost_per_1k_input)
            case TokenKind.OUTPUT:
                return self.cost_per_1k_output
            case TokenKind.REASONING:
                return _or(self.cost_per_1k_reasoning, self.cost_per_1k_output)

    def cost_of(self, work: Work) -> Decimal:
        """What the provider takes for one item, in USD, to the last digit."""
        if self.kind is Kind.IMAGE:
            return times(work.images, self._image(work.image_size, work.image_quality).cost_per_image)
        return thousandth(
            total(times(tokens, self.cost_per_1k(kind)) for kind, tokens in work.tokens.items())
        )

    def check_work(self, work: Work) -> None:
        """Raises RequestInvalid for images by a text model, none by an image model, or parts above their whole."""
        work.check()
        if self.kind is Kind.TEXT and work.images:
            raise RequestInvalid(FieldFault("images", f"must be 0, since {self.model_name} makes text"))
        if self.kind is Kind.IMAGE and work.images < 1:
            raise RequestInvalid(
                FieldFault("images", f"must be at least 1, since {self.model_name} makes images")
            )

    def _image(self, size: str, quality: str) -> "ImageVariant | ModelPrice":
        """What such an image costs. A size that nobody listed must not be cheaper than those that are."""
        if not (size or quality) or not self.image_variants:
            return self
        for variant in self.image_variants:
            if (variant.size, variant.quality) == (size, quality):
                return variant
        listed = self.image_variants
        return ImageVariant(
            size=size,
            quality=quality,
            cost_per_image=max(self.cost_per_image, *(one.cost_per_image for one in listed)),
            credits_per_image=max(self.credits_per_image, *(one.credits_per_image for one in listed)),
        )

    def _faults(self) -> Iterator[FieldFault]:
        for name in (*_TEXT_COSTS, "cost_per_image"):
            if not fits(_or(getattr(self, name), Decimal(0))):
                yield FieldFault(
                    name, f"must be from 0 to below {COST_MAX} with at most {COST_PLACES_MAX} places"
                )
        for name in _WEIGHTS:
            weight = _or(getattr(self, name), _ONE)
            if not (weight.is_finite() and 0 < weight <= WEIGHT_MAX and places(weight) <= WEIGHT_PLACES_MAX):
                yield FieldFault(
                    name, f"must be above 0 and at most {WEIGHT_MAX} with at most {WEIGHT_PLACES_MAX} places"
                )
        text = self.kind is Kind.TEXT
        wanted = "tokens_per_credit" if text else "credits_per_image"
        if getattr(self, wanted) < 1:
            yield FieldFault(wanted, f"must be above 0 for models of the kind {self.kind}")
        unwanted = (
            ("cost_per_image", "credits_per_image", "image_variants")
            if text
            else (*_TEXT_COSTS, *_WEIGHTS, "tokens_per_credit")
        )
        for name in unwanted:
            if getattr(self, name):
                yield FieldFault(name, f"must be 0 for models of the kind {self.kind}")
        yield from self._faults_of_variants()

    def _faults_of_variants(self) -> Iterator[FieldFault]:
        names = [(variant.size, variant.quality) for variant in self.image_variants]
        if len(names) > VARIANTS_MAX:
            yield FieldFault("image_variants", f"must be at most {VARIANTS_MAX}")
        if len(set(names)) < len(names):
            yield FieldFault("image_variants", "must name each size and quality once")
        for variant in self.image_variants:
            if not fits(variant.cost_per_image):
                yield FieldFault("image_variants.cost_per_image", f"must be from 0 to below {COST_MAX}")
            if variant.credits_per_image < 1:
                yield FieldFault("image_variants.credits_per_image", "must be above 0")

    @property
    def _terms(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in _TERMS)


_TEXT_COSTS = (
    "cost_per_1k_input",
    "cost_per_1k_cached_input",
    "cost_per_1k_output",
    "cost_per_1k_reasoning",
)
_WEIGHTS = ("weight_cached_input", "weight_output", "weight_reasoning")
_TERMS = (
    *("model_name", "provider", "kind", "source"),
    *_TEXT_COSTS,
    *("cost_per_image", "tokens_per_credit", "credits_per_image"),
    *_WEIGHTS,
    "image_variants",
)


def _or(amount: Decimal | None, other: Decimal) -> Decimal:
    return other if amount is None else amount


def in_force(versions: Iterable[ModelPrice], *, now: datetime) -> ModelPrice | None:
    """The version of one model that holds now: the latest whose time has come."""
    begun = [version for version in versions if version.effective_from <= now]
    return max(begun, key=lambda version: (version.effective_from, version.id), default=None)

"""How a charge came to its credits, to the exact credit."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.billing.domain.grant import CreditGrant
from services.billing.domain.money import thousandth, times
from services.billing.domain.price import Kind, ModelPrice
from services.billing.domain.reversal import Deduction
from services.billing.domain.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Units of one kind, what one of them counts, and what the provider takes for all of them by the price."""

    kind: str
    units: int
    weight: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A charge, the version of the price it was pinned to, and the grants it was drawn on."""

    deduction: Deduction
    price: ModelPrice
    grants: Mapping[str, CreditGrant]

    @property
    def units(self) -> int:
        """Images, or tokens read and written."""
        return self._work.images if self.price.kind is Kind.IMAGE else self._work.total_tokens

    @property
    def computed_credits(self) -> int:
        """Credits of the units, before the minimum."""
        return self.price.credits_for(self._work, minimum=0)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The units by kind; kinds without any are left out."""
        price, work = self.price, self._work
        if price.kind is Kind.IMAGE:
            return (Part(kind="image", units=work.images, weight=Decimal(1), cost_usd=price.cost_of(work)),)
        return tuple(
            Part(
                kind=kind.value,
                units=tokens,
                weight=price.weight_of(kind),
                cost_usd=thousandth(times(tokens, price.cost_per_1k(kind))),
            )
            for kind, tokens in work.tokens.items()
            if tokens
        )

    @property
    def due_credits(self) -> int:
        """Credits of the work, charged or borne by the platform."""
        return self.price.credits_for(self._work, minimum=self.deduction.usage.minimum_credits)

    @property
    def sentence(self) -> str:
        """The computation in words."""
        usage = self.deduction.usage
        said = [self._computation]
        if self.due_credits > self.computed_credits:
            said.append(f"An item of {usage.operation_type} costs at least {self.due_credits}.")
        if usage.platform_loss_credits:
            said.append(
                f"{usage.credits_used} were charged; {usage.platform_loss_credits} that its hold did not cover"
                " were not."
            )
        return " ".join(said)

    @property
    def _computation(self) -> str:
        price, work = self.price, self._work
        if price.kind is Kind.IMAGE:
            rate = price.credits_of_image(work.image_size, work.image_quality)
            which = " ".join(filter(None, ["images", work.image_size, work.image_quality]))
            return f"{self.units:,} {which} x {rate:,} credits an image = {self.computed_credits:,} credits."
        counted = price.counted(work)
        exact = (Decimal(counted) / price.tokens_per_credit).quantize(Decimal("0.001")).normalize()
        return (
            f"{self._counted(counted)} / {price.tokens_per_credit:,} tokens a credit = {exact:f},"
            f" rounded up to {self.computed_credits:,} credits."
        )

    def _counted(self, counted: int | Decimal) -> str:
        if not self.price.is_weighted:
            return f"{counted:,} tokens"
        sum_of = " + ".join(
            f"{part.units:,} {part.kind.replace('_', ' ')} x {part.weight.normalize():f}"
            for part in self.parts
        )
        return f"{sum_of} = {Decimal(counted).normalize():,f} tokens"

    @property
    def _work(self) -> Work:
        return self.deduction.usage.work

"""How a charge came to its credits, to the exact credit."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.billing.domain.grant import CreditGrant
from services.billing.domain.price import Kind, ModelPrice, Work
from services.billing.domain.reversal import Deduction


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
        if self.price.kind is Kind.IMAGE:
            return self.units * self.price.credits_per_image
        return self.price.credits_of_tokens(self.units)

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
                f"{usage.credits_used} were charged; {usage.platform_loss_credits} that neither the hold nor"
                " the balance covered were not."
            )
        return " ".join(said)

    @property
    def _computation(self) -> str:
        price = self.price
        if price.kind is Kind.IMAGE:
            return (
                f"{self.units:,} images x {price.credits_per_image:,} credits an image"
                f" = {self.computed_credits:,} credits."
            )
        exact = (Decimal(self.units) / price.tokens_per_credit).quantize(Decimal("0.001")).normalize()
        return (
            f"{self.units:,} tokens / {price.tokens_per_credit:,} tokens a credit = {exact:f},"
            f" rounded up to {self.computed_credits:,} credits."
        )

    @property
    def _work(self) -> Work:
        usage = self.deduction.usage
        return Work(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, images=usage.images)

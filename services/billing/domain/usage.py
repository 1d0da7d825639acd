"""What captures and charges paid for, one row each, and their sums."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from services.billing.domain.money import minus, times
from services.billing.domain.work import Work


class CostSource(StrEnum):
    """Who says what the provider charged."""

    REPORTED = "reported"
    COMPUTED = "computed"


class GroupBy(StrEnum):
    """What usage is summed up by."""

    OPERATION_TYPE = "operation_type"
    MODEL_NAME = "model_name"
    SITE_ID = "site_id"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditUsage:
    """One charged item: its work, what it cost the account, and what it cost the platform.

    `reservation_id` is None where it was charged without a hold.
    """

    id: str
    account_id: str
    transaction_id: str
    reservation_id: str | None
    operation_type: str
    model_name: str
    price_id: str
    input_tokens: int
    output_tokens: int
    images: int
    credits_used: int
    cost_usd: Decimal
    cost_source: CostSource
    credit_price_usd: Decimal
    minimum_credits: int
    platform_loss_credits: int
    item_id: str
    created_at: datetime
    site_id: str | None = None
    run_id: str | None = None
    ai_task_id: str | None = None
    api_key_id: str | None = None
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    image_size: str = ""
    image_quality: str = ""

    @property
    def work(self) -> Work:
        """What was charged."""
        return Work(
            input_tokens=self.input_tokens,
            cached_input_tokens=self.cached_input_tokens,
            output_tokens=self.output_tokens,
            reasoning_tokens=self.reasoning_tokens,
            images=self.images,
            image_size=self.image_size,
            image_quality=self.image_quality,
        )

    @property
    def credit_value_usd(self) -> Decimal:
        """What the credits charged were worth at the quote."""
        return times(self.credits_used, self.credit_price_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledUsage:
    """A usage row with the credits of it that were given back."""

    usage: CreditUsage
    credits_reversed: int

    @property
    def margin_usd(self) -> Decimal:
        """What is left of the worth of the credits that were kept, after the provider is paid."""
        kept = self.usage.credits_used - self.credits_reversed
        return minus(times(kept, self.usage.credit_price_usd), self.usage.cost_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup:
    """Usage summed up by one key, less what was given back; an empty key means usage that has none, for example no site.

    What the providers charged stays: they give nothing back.
    """

    key: str
    count: int
    credits_used: int
    cost_usd: Decimal
    credit_value_usd: Decimal
    credits_reversed: int = 0

    @property
    def margin_usd(self) -> Decimal:
        """What is left of the credits' worth after the providers are paid."""
        return minus(self.credit_value_usd, self.cost_usd)

"""What captures and charges paid for, one row each, and their sums."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from services.billing.domain.money import minus, times


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

    @property
    def credit_value_usd(self) -> Decimal:
        """What the credits charged were worth at the quote."""
        return times(self.credits_used, self.credit_price_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup:
    """Usage summed up by one key; an empty key means usage that has none, for example no site."""

    key: str
    count: int
    credits_used: int
    cost_usd: Decimal
    credit_value_usd: Decimal

    @property
    def margin_usd(self) -> Decimal:
        """What is left of the credits' worth after the providers are paid."""
        return minus(self.credit_value_usd, self.cost_usd)

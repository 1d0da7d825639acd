"""What a piece of work will cost, and the price it pins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.price import Kind, ModelPrice

QUOTE_LIFETIME = timedelta(minutes=15)


class QuoteExpired(Refusal):
    """The quote is too old to reserve by."""

    reason = "QUOTE_EXPIRED"

    def __init__(self, quote_id: str) -> None:
        super().__init__("This quote has expired. Ask for a new one.", metadata={"quote_id": quote_id})


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedWork:
    """The work of one call, all its items together."""

    operation_type: str
    items: int
    expected_tokens: int = 0
    maximum_tokens: int = 0
    images: int = 0

    def check(self, price: ModelPrice) -> None:
        """Raises RequestInvalid for work that this model does not do."""
        faults = []
        if price.kind is Kind.TEXT:
            if self.images:
                faults.append(FieldFault("images", f"must be 0, since {price.model_name} makes text"))
            if self.maximum_tokens < max(1, self.expected_tokens):
                faults.append(FieldFault("maximum_tokens", "must be above 0 and not below expected_tokens"))
        elif self.images < 1:
            faults.append(FieldFault("images", f"must be at least 1, since {price.model_name} makes images"))
        if faults:
            raise RequestInvalid(*faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Credits expected and at most, by one version of a price, for a short time."""

    id: str
    account_id: str
    operation_type: str
    model_name: str
    price_id: str
    items: int
    expected_credits: int
    maximum_credits: int
    credit_price_usd: Decimal
    minimum_credits: int
    expires_at: datetime
    created_at: datetime

    @classmethod
    def of(
        cls,
        work: QuotedWork,
        *,
        id: str,
        account_id: str,
        price: ModelPrice,
        configuration: BillingConfiguration,
        now: datetime,
    ) -> Self:
        """The quote of this work by this price. Raises RequestInvalid for work the model does not do."""
        work.check(price)
        minimum = configuration.minimum_for(work.operation_type)
        expected, maximum = _credits(work, price, minimum=minimum)
        return cls(
            id=id,
            account_id=account_id,
            operation_type=work.operation_type,
            model_name=price.model_name,
            price_id=price.id,
            items=work.items,
            expected_credits=expected,
            maximum_credits=maximum,
            credit_price_usd=configuration.default_credit_price_usd,
            minimum_credits=minimum,
            expires_at=now + QUOTE_LIFETIME,
            created_at=now,
        )

    def check_usable(self, *, now: datetime) -> None:
        """Raises QuoteExpired."""
        if self.expires_at <= now:
            raise QuoteExpired(self.id)


def _credits(work: QuotedWork, price: ModelPrice, *, minimum: int) -> tuple[int, int]:
    """Expected and greatest credits of the work.

    Each text item is rounded up, and lifted to the minimum, by itself. However the tokens fall on the
    items, their sum is greatest when one item takes them all and the others cost the minimum.
    """
    if price.kind is Kind.IMAGE:
        credits = work.images * price.credits_per_image
        return credits, credits
    expected = max(work.items * minimum, price.credits_of_tokens(work.expected_tokens))
    maximum = (work.items - 1) * minimum + max(minimum, price.credits_of_tokens(work.maximum_tokens))
    return min(expected, maximum), maximum

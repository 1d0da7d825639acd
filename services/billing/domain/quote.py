"""What a piece of work will cost, and the price it pins."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.configuration import BillingConfiguration
from services.billing.domain.money import times, total
from services.billing.domain.price import Kind, ModelPrice
from services.billing.domain.work import TokenKind

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
    expected_output_tokens: int | None = None
    """Of `expected_tokens`, those written; None where nobody knows, and then each counts as the dearest kind."""
    maximum_output_tokens: int | None = None
    image_size: str = ""
    image_quality: str = ""

    def check(self, price: ModelPrice) -> None:
        """Raises RequestInvalid for work that this model does not do."""
        faults = []
        if price.kind is Kind.TEXT:
            if self.images:
                faults.append(FieldFault("images", f"must be 0, since {price.model_name} makes text"))
            if self.maximum_tokens < max(1, self.expected_tokens):
                faults.append(FieldFault("maximum_tokens", "must be above 0 and not below expected_tokens"))
            for name in ("expected", "maximum"):
                if (getattr(self, f"{name}_output_tokens") or 0) > getattr(self, f"{name}_tokens"):
                    faults.append(FieldFault(f"{name}_output_tokens", f"must be at most {name}_tokens"))
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
        credits = work.images * price.credits_of_image(work.image_size, work.image_quality)
        return credits, credits
    likely = _counted(price, work.expected_tokens, output_tokens=work.expected_output_tokens, dearest=False)
    most = _counted(price, work.maximum_tokens, output_tokens=work.maximum_output_tokens, dearest=True)
    expected = max(work.items * minimum, price.credits_of_tokens(likely))
    maximum = (work.items - 1) * minimum + max(minimum, price.credits_of_tokens(most))
    return min(expected, maximum), maximum


def _counted(price: ModelPrice, tokens: int, *, output_tokens: int | None, dearest: bool) -> int | Decimal:
    """So many tokens as they count: read and written ones or, the `dearest`, whichever kinds of those count most."""
    if not price.is_weighted:
        return tokens
    read, written = price.weight_of(TokenKind.INPUT), price.weight_of(TokenKind.OUTPUT)
    if dearest or output_tokens is None:
        read = max(read, price.weight_of(TokenKind.CACHED_INPUT))
        written = max(written, price.weight_of(TokenKind.REASONING))
    if output_tokens is None:
        return times(tokens, max(read, written))
    return total([times(tokens - output_tokens, read), times(output_tokens, written)])

"""How credits and money relate, for the whole platform; versioned like prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.money import COST_MAX, COST_PLACES_MAX, fits

MINIMUM_CREDITS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingConfiguration:
    """What a credit is worth in USD, and the least credits an item of an operation costs."""

    default_credit_price_usd: Decimal
    minimum_credits: Mapping[str, int] = field(default_factory=dict)
    effective_from: datetime

    def minimum_for(self, operation_type: str) -> int:
        """The least credits one successful item of the operation costs; 1 where nothing is said."""
        return self.minimum_credits.get(operation_type, 1)

    def check(self) -> Self:
        """Raises RequestInvalid, naming every field that cannot be."""
        price = self.default_credit_price_usd
        faults = []
        if not fits(price) or not price:
            faults.append(
                FieldFault(
                    "default_credit_price_usd",
                    f"must be above 0 and below {COST_MAX} with at most {COST_PLACES_MAX} places",
                )
            )
        for operation_type, minimum in sorted(self.minimum_credits.items()):
            if not 1 <= minimum <= MINIMUM_CREDITS_MAX:
                faults.append(
                    FieldFault(
                        f"minimum_credits.{operation_type}", f"must be from 1 to {MINIMUM_CREDITS_MAX}"
                    )
                )
        if faults:
            raise RequestInvalid(*faults)
        return self


FIRST_CONFIGURATION = BillingConfiguration(
    default_credit_price_usd=Decimal("0.01"), effective_from=datetime(2026, 1, 1, tzinfo=UTC)
)
"""What holds on a fresh installation until the operator puts another."""

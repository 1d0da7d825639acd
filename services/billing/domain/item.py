"""What is charged: one item of work, and the terms it is charged by."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Self

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.money import COST_MAX, fits
from services.billing.domain.price import ModelPrice
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of work that is to be charged, in the words of who did it."""

    item_id: str
    work: Work
    provider_cost_usd: Decimal | None = None
    description: str = ""
    metadata: Mapping[str, Any] | None = None

    def check(self, price: ModelPrice) -> None:
        """Raises RequestInvalid for work the model does not do, or a cost that cannot be."""
        price.check_work(self.work)
        if self.provider_cost_usd is not None and not fits(self.provider_cost_usd):
            raise RequestInvalid(FieldFault("provider_cost_usd", f"must be from 0 to below {COST_MAX}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What becomes of what an item costs more than its reservation may be charged; neither of both: it is refused."""

    takes_available: bool = False
    """It is taken from the available balance as far as that and budgets cover it."""

    absorbs: bool = False
    """What is left of it is the platform's loss."""


EXCESS_REFUSED: Final = Excess()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """By what an item is charged: an operation at a pinned price, for a purpose."""

    operation_type: str
    price: ModelPrice
    credit_price_usd: Decimal
    minimum_credits: int
    purpose: Purpose

    @classmethod
    def of(cls, reservation: Reservation, price: ModelPrice) -> Self:
        """Those that a reservation has pinned."""
        return cls(
            operation_type=reservation.operation_type,
            price=price,
            credit_price_usd=reservation.credit_price_usd,
            minimum_credits=reservation.minimum_credits,
            purpose=reservation.purpose,
        )

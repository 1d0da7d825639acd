"""Holds on credits: taken before work, captured item by item, ended once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Self

from chassis.refusal import Refusal
from services.billing.domain.quote import Quote

LIFETIME = timedelta(minutes=15)
LATE_CAPTURE_GRACE = timedelta(hours=24)
"""So long after a hold's end is work that it was for still charged: the provider has charged us."""


class Status(StrEnum):
    """Where a reservation is in its life; it leaves ACTIVE once."""

    ACTIVE = "active"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class ReservationEnded(Refusal):
    """Nothing more can be charged to this reservation."""

    reason = "RESERVATION_ENDED"

    def __init__(self, reservation_id: str, *, status: Status) -> None:
        super().__init__(
            f"The credits held for this are held no longer: the reservation is {status}. Start the work again, which"
            " reserves anew.",
            metadata={"reservation_id": reservation_id, "state": status.value},
        )


class CaptureExceedsReservation(Refusal):
    """The work costs more than was held for it; nothing was charged."""

    reason = "CAPTURE_EXCEEDS_RESERVATION"

    def __init__(self, reservation_id: str, *, asked: int, left: int) -> None:
        super().__init__(
            f"{asked} credits cannot be captured: the reservation has {left} left. Capture less, or say absorb_excess"
            " for work that is done, so that the rest is not charged to the account.",
            metadata={"reservation_id": reservation_id, "asked": str(asked), "left": str(left)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a reservation is for, in the words of those who do the work."""

    site_id: str | None = None
    run_id: str | None = None
    ai_task_id: str | None = None
    api_key_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A hold on credits. `captured` and `released` count credits of the hold; at its end they sum to `amount`.

    `captured_late` counts those of `released` that work was charged after the hold's time had ended.
    """

    id: str
    account_id: str
    quote_id: str
    operation_type: str
    model_name: str
    price_id: str
    credit_price_usd: Decimal
    minimum_credits: int
    amount: int
    expires_at: datetime
    created_at: datetime
    captured: int = 0
    released: int = 0
    captured_late: int = 0
    status: Status = Status.ACTIVE
    site_id: str | None = None
    run_id: str | None = None
    ai_task_id: str | None = None
    api_key_id: str | None = None

    @classmethod
    def of(
        cls, quote: Quote, *, id: str, purpose: Purpose, now: datetime, lifetime: timedelta = LIFETIME
    ) -> Self:
        """A hold of the quote's maximum with its pinned price. Raises QuoteExpired."""
        quote.check_usable(now=now)
        return cls(
            id=id,
            account_id=quote.account_id,
            quote_id=quote.id,
            operation_type=quote.operation_type,
            model_name=quote.model_name,
            price_id=quote.price_id,
            credit_price_usd=quote.credit_price_usd,
            minimum_credits=quote.minimum_credits,
            amount=quote.maximum_credits,
            expires_at=now + lifetime,
            created_at=now,
            site_id=purpose.site_id,
            run_id=purpose.run_id,
            ai_task_id=purpose.ai_task_id,
            api_key_id=purpose.api_key_id,
        )

    @property
    def purpose(self) -> Purpose:
        """What it was made for."""
        return Purpose(
            site_id=self.site_id,
            run_id=self.run_id,
            ai_task_id=self.ai_task_id,
            api_key_id=self.api_key_id,
        )

    @property
    def left(self) -> int:
        """Credits it still holds."""
        return self.amount - self.captured - self.released

    @property
    def chargeable(self) -> int:
        """Credits that work may still be charged without exceeding what was held for it."""
        return self.released - self.captured_late if self.status is Status.EXPIRED else self.left

    def is_due(self, *, now: datetime) -> bool:
        """Whether its time has ended and nobody has booked that yet."""
        return self.status is Status.ACTIVE and self.expires_at <= now

    def check_chargeable(self, *, now: datetime) -> None:
        """Raises ReservationEnded, except for a hold whose time ended not long ago."""
        if self.status is Status.ACTIVE:
            return
        if self.status is Status.EXPIRED and now < self.expires_at + LATE_CAPTURE_GRACE:
            return
        raise ReservationEnded(self.id, status=self.status)

    def capture(self, credits: int) -> Self:
        """So many credits of the hold are spent, or of what it was before its time ended."""
        assert 0 <= credits <= self.chargeable, f"{credits} of {self.chargeable} credits left"
        if self.status is Status.EXPIRED:
            return replace(self, captured_late=self.captured_late + credits)
        return replace(self, captured=self.captured + credits)

    def extend(self, *, expires_at: datetime) -> Self:
        """It lives until then, and never shorter than before. Raises ReservationEnded."""
        if self.status is not Status.ACTIVE:
            raise ReservationEnded(self.id, status=self.status)
        return replace(self, expires_at=max(self.expires_at, expires_at))

    def end(self, status: Status) -> Self:
        """What it still holds is given back, and it is over."""
        assert self.status is Status.ACTIVE, f"a reservation ends once; this one is {self.status}"
        assert status is not Status.ACTIVE, "to end is to leave ACTIVE"
        return replace(self, status=status, released=self.released + self.left)

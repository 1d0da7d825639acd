"""What an account has: credits, how many of them are held, and the number of its last ledger line."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from chassis.refusal import Refusal

CREDITS_MAX = 2**63 - 1


class InsufficientCredits(Refusal):
    """The available balance does not cover what is asked; nothing was held."""

    reason = "INSUFFICIENT_CREDITS"

    def __init__(self, *, required: int, available: int) -> None:
        # Pages and programs outside know this sentence by heart: nothing is added to it.
        super().__init__(
            f"Insufficient credits. Required: {required}, Available: {available}",
            metadata={
                "required": str(required),
                "available": str(available),
                "shortfall": str(required - available),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's credits, held ones included. None of its numbers is ever below zero."""

    account_id: str
    credits: int
    reserved: int
    sequence: int
    updated_at: datetime

    @classmethod
    def empty(cls, account_id: str, *, now: datetime) -> Self:
        """The balance of an account before its first ledger line."""
        return cls(account_id=account_id, credits=0, reserved=0, sequence=0, updated_at=now)

    @property
    def available(self) -> int:
        """Credits that can be reserved now."""
        return self.credits - self.reserved

    def check_covers(self, credits: int) -> None:
        """Raises InsufficientCredits."""
        if credits > self.available:
            raise InsufficientCredits(required=credits, available=self.available)

    def moved(self, *, amount: int, reserved_amount: int, now: datetime) -> Self:
        """The balance after the next ledger line."""
        moved = type(self)(
            account_id=self.account_id,
            credits=self.credits + amount,
            reserved=self.reserved + reserved_amount,
            sequence=self.sequence + 1,
            updated_at=now,
        )
        assert 0 <= moved.reserved <= moved.credits <= CREDITS_MAX, f"{self} cannot move to {moved}"
        return moved

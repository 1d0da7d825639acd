"""Credits given to an account, and the order in which they are spent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid

_NEVER = datetime.max.replace(tzinfo=UTC)


class Category(StrEnum):
    """Where granted credits come from."""

    PLAN = "plan"
    PAID = "paid"
    PROMOTIONAL = "promotional"


_SPENT_FIRST = (Category.PROMOTIONAL, Category.PLAN, Category.PAID)
"""At equal priority and expiry: what was given goes before what was bought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditGrant:
    """Credits given once. `remaining` counts those not spent or expired, `reserved` those of them that holds keep."""

    id: str
    account_id: str
    category: Category
    amount: int
    remaining: int
    created_at: datetime
    reserved: int = 0
    priority: int = 0
    expires_at: datetime | None = None
    description: str = ""
    voided_at: datetime | None = None
    effective_at: datetime | None = None
    is_pending: bool = False
    """Whether it has not begun: it has nothing yet, and no line of the ledger tells of it."""

    @property
    def available(self) -> int:
        """Credits of the grant that no hold keeps."""
        return self.remaining - self.reserved

    def has_ended(self, *, now: datetime) -> bool:
        """Whether it was voided or its time is over. Credits a hold keeps stay usable by that hold."""
        return self.voided_at is not None or (self.expires_at is not None and self.expires_at <= now)

    def begins_later(self, *, now: datetime) -> bool:
        """Whether its credits cannot be spent yet."""
        return self.effective_at is not None and self.effective_at > now

    def void(self, *, now: datetime) -> Self:
        """What is left of it can be spent no more, except by holds that keep it; if it has not begun, it never does."""
        return replace(self, voided_at=self.voided_at or now, is_pending=False)

    def moved(self, *, amount: int, reserved_amount: int) -> Self:
        """The grant after a draw on it."""
        moved = type(self)(
            id=self.id,
            account_id=self.account_id,
            category=self.category,
            amount=self.amount,
            remaining=self.remaining + amount,
            created_at=self.created_at,
            reserved=self.reserved + reserved_amount,
            priority=self.priority,
            expires_at=self.expires_at,
            description=self.description,
            voided_at=self.voided_at,
            effective_at=self.effective_at,
            is_pending=self.is_pending,
        )
        assert 0 <= moved.reserved <= moved.remaining <= self.amount, f"{self} cannot move to {moved}"
        return moved

    @property
    def _order(self) -> tuple[int, datetime, int, datetime, str]:
        return (
            self.priority,
            self.expires_at or _NEVER,
            _SPENT_FIRST.index(self.category),
            self.created_at,
            self.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditDraw:
    """What one ledger line changed at one grant; the lines of a grant add up to what it has."""

    transaction_id: str
    grant_id: str
    reservation_id: str | None
    amount: int
    reserved_amount: int


def in_spending_order(grants: Iterable[CreditGrant]) -> list[CreditGrant]:
    """By priority, then soonest expiry, then promotional before plan before paid, then oldest."""
    listed = list(grants)
    return sorted(listed, key=lambda grant: grant._order) if len(listed) > 1 else listed


def shares(parts: Iterable[tuple[str, int]], *, credits: int) -> Iterator[tuple[str, int]]:
    """How `credits` fall on the parts, each `(id, credits it has)`, the first filled first."""
    left = credits
    for part_id, has in parts:
        share = min(has, left)
        if share:
            yield part_id, share
            left -= share
    assert left == 0, f"{left} of {credits} credits fall on no part"


def check_grant(
    *, amount: int, effective_at: datetime | None, expires_at: datetime | None, now: datetime
) -> None:
    """Raises RequestInvalid for a grant of nothing, or one that has expired before it is given or begins."""
    if amount < 1:
        raise RequestInvalid(FieldFault("amount", "must be at least 1"))
    if expires_at is not None and expires_at <= now:
        raise RequestInvalid(FieldFault("expires_at", "must lie in the future"))
    if expires_at is not None and effective_at is not None and expires_at <= effective_at:
        raise RequestInvalid(FieldFault("expires_at", "must lie after effective_at"))

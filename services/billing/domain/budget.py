"""Hard caps on what a run, a site in a day or month, or an API key may cost, checked together with the balance."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.reservation import Purpose

CREDITS_LIMIT_MAX = 1_000_000_000_000


class Scope(StrEnum):
    """What a budget caps. Days and months are those of UTC."""

    RUN = "run"
    SITE_DAY = "site_day"
    SITE_MONTH = "site_month"
    API_KEY = "api_key"

    @property
    def noun(self) -> str:
        """What people call it."""
        return _NOUNS[self]

    def target_of(self, purpose: Purpose) -> str | None:
        """The id that a budget of this scope is for, in work for that purpose."""
        match self:
            case Scope.RUN:
                return purpose.run_id
            case Scope.API_KEY:
                return purpose.api_key_id
            case _:
                return purpose.site_id

    def window_start(self, at: datetime) -> datetime | None:
        """When the window began that the instant is in; None for a scope without windows."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Scope.SITE_DAY:
                return midnight
            case Scope.SITE_MONTH:
                return midnight.replace(day=1)
            case _:
                return None

    def window_end(self, start: datetime | None) -> datetime | None:
        """When that window ends and the next begins."""
        if start is None:
            return None
        if self is Scope.SITE_DAY:
            return start + timedelta(days=1)
        return (start + timedelta(days=31)).replace(day=1)


_NOUNS = {
    Scope.RUN: "run's limit",
    Scope.SITE_DAY: "site's limit for a day",
    Scope.SITE_MONTH: "site's limit for a month",
    Scope.API_KEY: "API key's limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A cap, with what was spent and what holds keep of it in its window.

    A hold counts in the window in which it was made, and so does everything that is captured of it.
    """

    id: str
    account_id: str
    scope: Scope
    target_id: str
    credits_limit: int
    window_start: datetime | None
    created_at: datetime
    updated_at: datetime
    spent: int = 0
    held: int = 0

    @property
    def left(self) -> int:
        """Credits that can still be held or spent in this window; a limit may have been lowered below what was."""
        return max(0, self.credits_limit - self.spent - self.held)

    @property
    def resets_at(self) -> datetime | None:
        """When the window ends; None where it never does."""
        return self.scope.window_end(self.window_start)

    def at(self, now: datetime) -> Self:
        """The budget in the window of that instant, which begins with nothing spent."""
        start = self.scope.window_start(now)
        if start is None or (self.window_start is not None and start <= self.window_start):
            return self
        return replace(self, window_start=start, spent=0, held=0)

    def concerns(self, purpose: Purpose, *, begun_at: datetime) -> bool:
        """Whether work for that purpose, held or charged at that instant, counts in the window it is in."""
        target = self.scope.target_of(purpose)
        if target is None or target.lower() != self.target_id:
            return False
        return self.scope.window_start(begun_at) == self.window_start

    def check_covers(self, credits: int) -> None:
        """Raises BudgetExceeded."""
        if credits > self.left:
            raise BudgetExceeded(self, required=credits)

    def moved(self, *, spent: int, held: int, now: datetime) -> Self:
        """The budget after a move of credits that it concerns."""
        moved = replace(self, spent=self.spent + spent, held=self.held + held, updated_at=now)
        assert moved.spent >= 0 <= moved.held, f"{self} cannot move to {moved}"
        return moved


class BudgetExceeded(Refusal):
    """A hard cap would be passed; nothing was held or charged, in this scope or in any other."""

    reason = "BUDGET_EXCEEDED"

    def __init__(self, budget: Budget, *, required: int) -> None:
        resets_at = budget.resets_at
        when = "" if resets_at is None else resets_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        says = f" It begins anew at {when}." if when else " Raise the limit or make less."
        super().__init__(
            f"The {budget.scope.noun} of {budget.credits_limit} credits leaves {budget.left}; "
            f"this needs {required}.{says}",
            metadata={
                "scope": budget.scope.value,
                "budget_id": budget.id,
                "target_id": budget.target_id,
                "limit": str(budget.credits_limit),
                "left": str(budget.left),
                "required": str(required),
                **({"reset_at": when} if when else {}),
            },
        )


def check_limit(credits_limit: int) -> None:
    """Raises RequestInvalid for a limit that cannot be."""
    if not 0 <= credits_limit <= CREDITS_LIMIT_MAX:
        raise RequestInvalid(FieldFault("credits_limit", f"must be from 0 to {CREDITS_LIMIT_MAX}"))

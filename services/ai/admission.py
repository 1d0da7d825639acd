"""What a run has a say in before one of its items holds credits."""

from typing import Final, Protocol

TOO_FEW_CREDITS: Final = frozenset({"INSUFFICIENT_CREDITS", "BUDGET_EXCEEDED"})
"""Refusals of a hold that say nothing about the work."""


class Admission(Protocol):
    """What a run has to say to the credits that one of its items needs."""

    async def ask(self, credits_required: int) -> None:
        """Before they are reserved. Raises a Refusal when the run's limit does not allow it, now or at all."""

    async def refused(self, credits_required: int) -> None:
        """Billing has too few of them. Raises CreditsTied when other items of the run hold some."""

"""Taking a charge back: once, and to the grants it was drawn on."""

from dataclasses import dataclass
from datetime import datetime

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from services.billing.domain.balance import Balance
from services.billing.domain.reservation import Purpose
from services.billing.domain.transaction import CreditTransaction
from services.billing.domain.usage import CreditUsage


class AlreadyReversed(Refusal):
    """The charge was given back before."""

    reason = "ALREADY_REVERSED"

    def __init__(self, transaction_id: str, *, reversal_id: str) -> None:
        super().__init__(
            "This charge was already given back. A charge is reversed once.",
            metadata={"transaction_id": transaction_id, "reversal_id": reversal_id},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduction:
    """A charge that is to be taken back: its line, what it paid for, and the grants it was drawn on."""

    line: CreditTransaction
    usage: CreditUsage
    shares: list[tuple[str, int]]
    begun_at: datetime
    """When the hold was made that it was captured from, or else when it was charged: its budgets' window."""

    reversal_id: str | None = None

    @property
    def purpose(self) -> Purpose:
        """What it was charged for."""
        return Purpose(
            site_id=self.usage.site_id,
            run_id=self.usage.run_id,
            ai_task_id=self.usage.ai_task_id,
            api_key_id=self.usage.api_key_id,
        )

    def check_reversible(self) -> None:
        """Raises AlreadyReversed, and RequestInvalid where nothing was charged."""
        if self.reversal_id is not None:
            raise AlreadyReversed(self.line.id, reversal_id=self.reversal_id)
        if not self.line.amount:
            raise RequestInvalid(FieldFault("transaction_id", "names a line that charged nothing"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversed:
    """A charge that was taken back; `ended_credits` of it were lost at once, since their grant had ended."""

    line: CreditTransaction
    ended_credits: int
    balance: Balance

"""What all parts of CreditService work with."""

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.transaction import Transactions
from services.billing.servicers.writer import Writer
from services.billing.store.transaction import BillingTransaction


class CreditBase(billing.CreditServiceServicer):
    """Transactions, the clock, and the writer that takes orders."""

    def __init__(
        self,
        transactions: Transactions[BillingTransaction],
        clock: Clock,
        *,
        writer: Writer,
        capture_beyond_hold: bool = False,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._writer = writer
        self._capture_beyond_hold = capture_beyond_hold

"""What all parts of CreditService work with."""

from collections.abc import Sequence

from igny8.billing import v1 as billing

from chassis.clock import Clock
from chassis.refusal import NotFound
from chassis.together import Together
from chassis.transaction import Transactions
from services.billing.domain.balance import Balance
from services.billing.servicers.writer import Writer
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import credits


class CreditBase(billing.CreditServiceServicer):
    """Transactions, the clock, the writer that takes orders, and balances that are read together."""

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
        # Of as many as have come while the last ones were read; nobody waits for company.
        self._balances = Together[str, Balance | None](
            self._read_balances, underway=lambda: 1, linger_seconds=0
        )

    async def _balance(self, account_id: str) -> Balance:
        """The account's balance now. Raises NotFound."""
        balance = await self._balances.submit(account_id)
        if balance is not None:
            return balance
        return await self._transactions.run(credits.get_balance, account_id=account_id, now=self._clock.now())

    async def _read_balances(self, account_ids: Sequence[str]) -> Sequence[Balance | NotFound | None]:
        found = await self._transactions.run(
            credits.get_balances, account_ids=set(account_ids), now=self._clock.now()
        )
        return [found.get(each, NotFound(kind="account", id=each)) for each in account_ids]

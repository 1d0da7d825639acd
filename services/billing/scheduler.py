"""The sweeper: books what has run out and puts prices in force, so that the tables tell the truth without a reader."""

import asyncio
from datetime import timedelta

from chassis import logs
from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.billing.domain.audit import KEPT_AT_LEAST
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases import audit, expiry


class Sweeper:
    """Goes through everything that is due, again and again. Any number of processes may run one."""

    def __init__(
        self,
        transactions: Transactions[BillingTransaction],
        clock: Clock,
        *,
        every_seconds: int,
        audit_kept: timedelta = KEPT_AT_LEAST,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._every_seconds = every_seconds
        self._audit_kept = audit_kept
        self._log = logs.get_logger()

    async def run(self) -> None:
        """Sweeps until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(self._every_seconds)

    async def sweep(self) -> None:
        """Books all that is due now. One account that cannot be booked does not keep the others from it."""
        now = self._clock.now()
        for account_id in await self._transactions.run(expiry.due_accounts, now=now):
            try:
                await self._transactions.run_repeatable(expiry.expire, account_id=account_id, now=now)
            except Refusal as refusal:
                self._log.warning("expiry put off", account_id=account_id, reason=refusal.reason)
        await self._transactions.run_repeatable(expiry.put_prices_in_force, now=now)
        await self._transactions.run_repeatable(expiry.forget_quotes, now=now)
        await self._transactions.run_repeatable(expiry.forget_sign_ins, now=now)
        await self._transactions.run_repeatable(audit.forget_entries, kept=self._audit_kept, now=now)

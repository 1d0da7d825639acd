"""The folder: keeps the statistics' tallies few, for as long as the process lives. Any number may run at once."""

import asyncio
from typing import Final

from chassis.clock import Clock
from chassis.transaction import Transactions
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.tallies import fold_tallies

EVERY_SECONDS: Final = 10.0


class Folder:
    """Folds every few seconds."""

    def __init__(self, transactions: Transactions[PublisherTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._transactions.run(fold_tallies, now=self._clock.now())

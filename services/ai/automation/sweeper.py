"""The sweeper: work whose worker died or whose job was lost is handed out again."""

import asyncio
from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.logs import get_logger
from chassis.transaction import Transactions
from services.ai.store.leases import LEASE_SECONDS
from services.ai.store.transaction import AiTransaction
from services.ai.usecases.by_hand import hand_out_forgotten_tasks
from services.ai.usecases.run_items import hand_out_forgotten_items

EVERY_SECONDS: Final = 5.0
LEFT_SECONDS: Final = LEASE_SECONDS + 5
"""Work that was begun, nobody holds a lease on and nothing has moved for so long was left by its worker."""

LOST_SECONDS: Final = 120
"""A job that nobody has begun for so long may be lost. Most often it only waits its turn; a second one does no harm."""


class Sweeper:
    """Looks for forgotten work, for as long as the process lives. Any number of them may run at once."""

    def __init__(self, transactions: Transactions[AiTransaction], clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.sweep()

    async def sweep(self) -> int:
        """Hands forgotten work out again; returns how much there was."""
        now = self._clock.now()
        left, lost = now - timedelta(seconds=LEFT_SECONDS), now - timedelta(seconds=LOST_SECONDS)
        items = await self._transactions.run(
            hand_out_forgotten_items, queued_before=lost, running_before=left, now=now
        )
        tasks = await self._transactions.run(
            hand_out_forgotten_tasks, queued_before=lost, begun_before=left, now=now
        )
        if items or tasks:
            get_logger().info("work handed out again", run_items=items, ai_tasks=tasks)
        return items + tasks

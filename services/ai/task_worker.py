"""An execution that was started by hand, done by a worker through the executor."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.at_work import TurnOver
from services.ai.domain.task import ATTEMPTS_MAX, AiTask, NeverEnded
from services.ai.executor import Executor
from services.ai.leasing import kept
from services.ai.patience import fault_of_ours, passing
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import by_hand
from services.ai.usecases import tasks as write

TURN_SECONDS: Final = 20.0
"""After so long an execution begins no further item and gives its worker's slot back: a thousand items asked for by
hand are done in turns, between which the jobs that waited meanwhile are begun."""


class TaskWorker:
    """Does executions that have a job of their own."""

    def __init__(
        self, *, transactions: Transactions[AiTransaction], executor: Executor, clock: Clock, owner: str
    ) -> None:
        self._transactions = transactions
        self._executor = executor
        self._clock = clock
        self._owner = owner

    async def do(self, task_id: str) -> bool:
        """Does the execution to its end. False when another service could not be reached and the job should come back.

        Quietly does nothing about one that has ended or that another worker is at; the sweeper looks after it.
        """
        taken = await self._transactions.run(
            by_hand.take_task, task_id=task_id, owner=self._owner, now=self._clock.now()
        )
        if taken is None:
            return True
        task, lease = taken
        try:
            async with kept(self._transactions, lease):
                await self._end(task, lease)
        except LeaseLost:
            return True
        except TurnOver:
            await self._leave(by_hand.hand_back, lease=lease, task_id=task.id, now=self._clock.now())
            return True
        except asyncio.CancelledError:
            await asyncio.shield(self._put_off(task, lease))
            raise
        except Refusal as refusal:
            if passing(refusal):
                if fault_of_ours(refusal):
                    await self._leave(write.give_up, lease=lease)
                else:
                    await self._put_off(task, lease)
                return False
            # The refusal has ended the task log, with its event.
        except Exception:
            await self._leave(write.give_up, lease=lease)
            raise
        await self._leave(write.give_up, lease=lease)
        return True

    async def _end(self, task: AiTask, lease: Lease) -> None:
        if task.poisonous:
            refusal = NeverEnded(ATTEMPTS_MAX)
            done = await self._executor.abandon(task.id, lease, refusal, hopeless=task.hopeless)
        else:
            begun = await self._executor.begin(task.id, lease)
            if begun.task.ended:
                return
            done = await self._executor.work(
                begun, lease, again=task.attempts > 1, turn=timedelta(seconds=TURN_SECONDS)
            )
        if not done.ended:
            await self._executor.finish(done, lease)

    async def _put_off(self, task: AiTask, lease: Lease) -> None:
        await self._leave(write.put_task_off, lease=lease, task_id=task.id, now=self._clock.now())

    async def _leave(self, step: Callable[..., None], **facts: Any) -> None:
        """Without a database the lease runs out by itself."""
        with contextlib.suppress(Refusal):
            await self._transactions.run(step, **facts)

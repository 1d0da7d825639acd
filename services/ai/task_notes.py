"""What the executor writes down, step by step; steps of many executions that come together go in one transaction."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.together import Together
from chassis.transaction import Transactions
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import TaskItem
from services.ai.patience import patiently
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import tasks as write
from services.ai.usecases.item_steps import Answered, Completed, complete_items, journal_answers
from services.ai.usecases.preparing import Prepared, Reserved, note_prepared, note_reservations
from services.ai.usecases.run_items import check_credits_tied


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A task log with its items, none of which anybody else works on meanwhile."""

    task: AiTask
    items: Sequence[TaskItem] = ()


class TaskNotes:
    """Each step finds out by itself when it is noted already, so it is repeated without harm while the database is away."""

    def __init__(
        self, transactions: Transactions[AiTransaction], *, clock: Clock, randomness: random.Random
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._randomness = randomness
        self.underway = 0
        """Items that are worked on in this process, each of which may still have a step to note."""
        self._answers = Together[Answered, TaskItem](self._journal, underway=lambda: self.underway)
        self._completions = Together[Completed, AiTask](self._complete, underway=lambda: self.underway)
        # Nobody waits for company before a call: what arrives while some are written is company enough.
        self._preparations = Together[Prepared, AiTask](self._note_prepared, underway=lambda: 0)
        self._reservations = Together[Reserved, AiTask](self._note_reservations, underway=lambda: 0)

    async def read(self, task_id: str) -> Execution:
        task, items = await self._transactions.run(write.read_execution, task_id=task_id)
        return Execution(task=task, items=items)

    async def task(self, task_id: str) -> AiTask:
        """The task log alone."""
        call = partial(self._transactions.run, write.get_task, task_id=task_id)
        return await patiently(call, self._randomness)

    async def prepared(self, step: Prepared) -> AiTask:
        """Its items, its quote, its run's consent. Raises what the run refuses it for."""
        return await patiently(partial(self._preparations.submit, step), self._randomness)

    async def reserved(self, step: Reserved) -> AiTask:
        return await patiently(partial(self._reservations.submit, step), self._randomness)

    async def answered(self, step: Answered) -> TaskItem:
        """From its commit on the provider is not asked again."""
        return await patiently(partial(self._answers.submit, step), self._randomness)

    async def completed(self, step: Completed) -> AiTask:
        return await patiently(partial(self._completions.submit, step), self._randomness)

    async def failed(self, task: AiTask, lease: Lease, position: int, refusal: Refusal) -> AiTask:
        """One item failed for good."""
        return await self._write(write.fail_item, lease, task, position=position, refusal=refusal)

    async def refused(self, task: AiTask, lease: Lease, refusal: Refusal) -> AiTask:
        """Ends the task log before any of its items has ended."""
        return await self._write(write.refuse_task, lease, task, refusal=refusal)

    async def finished(self, task: AiTask, lease: Lease) -> AiTask:
        """Ends the task log."""
        return await self._write(write.finish_task, lease, task)

    async def check_credits_tied(self, run_item_id: str, credits_required: int) -> None:
        """Raises CreditsTied when other items of the run hold credits that this one needs."""
        await self._transactions.run(
            check_credits_tied, run_item_id=run_item_id, credits_required=credits_required
        )

    async def _write(self, note: Callable[..., AiTask], lease: Lease, task: AiTask, **facts: Any) -> AiTask:
        return await patiently(
            lambda: self._transactions.run(
                note, lease=lease, task_id=task.id, now=self._clock.now(), **facts
            ),
            self._randomness,
        )

    async def _note_prepared(self, steps: Sequence[Prepared]) -> Sequence[AiTask | Refusal]:
        return await self._transactions.run_repeatable(note_prepared, steps=steps, now=self._clock.now())

    async def _note_reservations(self, steps: Sequence[Reserved]) -> Sequence[AiTask | LeaseLost]:
        return await self._transactions.run_repeatable(note_reservations, steps=steps, now=self._clock.now())

    async def _journal(self, steps: Sequence[Answered]) -> Sequence[TaskItem | LeaseLost]:
        return await self._transactions.run_repeatable(journal_answers, steps=steps)

    async def _complete(self, steps: Sequence[Completed]) -> Sequence[AiTask | LeaseLost]:
        return await self._transactions.run_repeatable(complete_items, steps=steps, now=self._clock.now())

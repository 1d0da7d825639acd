"""The hold of an execution: priced, taken, kept alive while it is worked on, and given back."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeVar

from chassis.clock import Clock
from chassis.refusal import Refusal, ServiceUnavailable
from services.ai.at_work import AtWork
from services.ai.domain.function_names import FunctionName
from services.ai.domain.task import AiTask
from services.ai.functions.base import Function
from services.ai.ledger import Ledger, hold_seconds
from services.ai.patience import ATTEMPTS_MAX, passing, patiently
from services.ai.store.leases import Lease
from services.ai.task_notes import Execution, TaskNotes
from services.ai.usecases.preparing import Prepared, Reserved

T = TypeVar("T")

TOO_FEW_CREDITS: Final = frozenset({"INSUFFICIENT_CREDITS", "BUDGET_EXCEEDED"})
"""Refusals of a hold that say nothing about the work, and that others who give credits back may undo."""

NOTHING_ABOUT_IT: Final = TOO_FEW_CREDITS | {"ACCOUNT_SUSPENDED"}
"""Refusals of a hold that say nothing about the work."""

HOLD_ENDED: Final = "RESERVATION_ENDED"
"""Nothing more can be charged to the hold: its time has ended, or the only item of its execution was charged."""


class HoldEnded(ServiceUnavailable):
    """The hold ended while its work was done: whoever takes the work up again gets a new one."""

    def __init__(self) -> None:
        super().__init__("billing")


class Holding:
    """Takes and keeps the holds of executions."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        notes: TaskNotes,
        functions: Mapping[FunctionName, Function],
        clock: Clock,
        randomness: random.Random,
    ) -> None:
        self._ledger = ledger
        self._notes = notes
        self._clock = clock
        self._functions = functions
        self._randomness = randomness

    async def priced(
        self, execution: Execution, lease: Lease, run_item_id: str | None, attempts: int
    ) -> Execution:
        """With a new quote for the items that are open, and the consent of its run to it; nothing is held by it yet.

        Raises what billing refuses the quote for, and what the run does.
        """
        task, items = execution.task, execution.items
        estimate = self._functions[task.function_name].estimate(task, [item for item in items if item.open])
        try:
            quote = await self._patiently(lambda: self._ledger.quote(task, estimate), attempts)
        except Refusal:
            # A log of what could not be priced says all the same what it was about.
            await self._notes.prepared(Prepared(lease=lease, task_id=task.id, items=items))
            raise
        noted = await self._notes.prepared(
            Prepared(
                lease=lease,
                task_id=task.id,
                items=items,
                quote_id=quote.id,
                credits_quoted=quote.maximum_credits,
                run_item_id=run_item_id,
            )
        )
        return replace(execution, task=noted)

    async def taken(
        self, execution: Execution, lease: Lease, run_item_id: str | None, attempts: int
    ) -> Execution:
        """The quote was noted before it is used: whoever repeats the reservation gets the same one, and none is left."""
        try:
            reservation_id = await self._reserved(execution.task, run_item_id, attempts)
        except Refusal as refusal:
            if refusal.reason != "QUOTE_EXPIRED":
                raise
            execution = await self.priced(execution, lease, run_item_id, attempts)
            reservation_id = await self._reserved(execution.task, run_item_id, attempts)
        step = Reserved(lease=lease, task_id=execution.task.id, reservation_id=reservation_id)
        return replace(execution, task=await self._notes.reserved(step))

    async def extended(self, task: AiTask, attempts: int = ATTEMPTS_MAX) -> bool:
        """Lets the hold live as long again as a new one would; whether it still could."""
        try:
            await self._patiently(lambda: self._ledger.extend_hold(task), attempts)
        except Refusal as refusal:
            if refusal.reason != HOLD_ENDED:
                raise
            return False
        return True

    async def keep(self, at_work: AtWork) -> None:
        """Extends the hold of work that takes long, before half its time is over. Raises HoldEnded."""
        async with at_work.holding:
            now, lifetime = self._clock.now(), hold_seconds(at_work.task)
            if now < at_work.held_at + timedelta(seconds=lifetime / 2):
                return
            if not await self.extended(at_work.task):
                raise HoldEnded
            at_work.held_at = now

    async def give_back(self, task: AiTask) -> None:
        """What is left of the hold. Of one that has ended nothing is."""
        reservation_id = task.reservation_id
        assert reservation_id is not None, "begin has reserved"
        await self._patiently(lambda: self._ledger.release(reservation_id, reason="The AI task has ended."))

    async def give_unnoted_back(self, task: AiTask) -> None:
        """Its worker may have died between the reservation and the note of it, which only asking again tells."""
        if task.quote_id is None:
            return
        try:
            reservation_id = await self._patiently(lambda: self._ledger.reserve(task))
        except Refusal as refusal:
            if passing(refusal):
                raise
            return
        await self.give_back(replace(task, reservation_id=reservation_id))

    async def _reserved(self, task: AiTask, run_item_id: str | None, attempts: int) -> str:
        try:
            return await self._patiently(lambda: self._ledger.reserve(task), attempts)
        except Refusal as refusal:
            # What has come to something does not wait: it has charges of its own, which its run counts at its end.
            if run_item_id is not None and refusal.reason in TOO_FEW_CREDITS and not task.items_ended:
                await self._notes.check_credits_tied(run_item_id, task.credits_quoted)
            raise

    async def _patiently(self, call: Callable[[], Awaitable[T]], attempts: int = ATTEMPTS_MAX) -> T:
        return await patiently(call, self._randomness, attempts=attempts)

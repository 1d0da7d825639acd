"""One item of a run, done by a worker: an AI function through the executor, or a step at publisher without a model."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from igny8.publisher import v1 as publisher

from chassis import telemetry
from chassis.clock import Clock
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.together import Together
from chassis.transaction import Transactions
from services.ai.domain.run import CreditsTied, HeldUp, PauseReason, Run
from services.ai.domain.run_item import ItemResult, RunItem
from services.ai.domain.stages import Output, Stage, images_wanted
from services.ai.domain.task import ATTEMPTS_MAX, AiTask, NeverEnded
from services.ai.executor import Executor
from services.ai.inventory import Inventory
from services.ai.leasing import kept
from services.ai.patience import fault_of_ours, passing, patiently
from services.ai.prompts import prompt_version
from services.ai.store.leases import LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import run_items as write
from services.ai.usecases.item_steps import Completed
from services.ai.usecases.run_steps import Beginning, Begun, Ending, move_items

HELD_UP: Final = {
    "INSUFFICIENT_CREDITS": PauseReason.INSUFFICIENT_CREDITS,
    "BUDGET_EXCEEDED": PauseReason.BUDGET_REACHED,
    "PROVIDER_KEY_REFUSED": PauseReason.PROVIDER_KEY,
    "PROVIDER_KEY_MISSING": PauseReason.PROVIDER_KEY,
    "ACCOUNT_SUSPENDED": PauseReason.ACCOUNT_SUSPENDED,
}
"""Refusals that say nothing about the item: the run pauses with the reason, and the item waits."""

_CONTENT_STATUS = publisher.Content.Status


class ItemWorker:
    """Does items of runs."""

    def __init__(
        self,
        *,
        transactions: Transactions[AiTransaction],
        executor: Executor,
        inventory: Inventory,
        clock: Clock,
        randomness: random.Random,
        owner: str,
    ) -> None:
        self._transactions = transactions
        self._executor = executor
        self._inventory = inventory
        self._clock = clock
        self._randomness = randomness
        self._owner = owner
        # Nobody waits for company: what arrives while some are written is company enough.
        self._moves = Together[Beginning | Ending, Begun | None](self._move, underway=lambda: 0)

    async def do(self, run_item_id: str) -> bool:
        """Does the item to its end. False when another service could not be reached and the job should come back.

        Quietly does nothing about an item that has ended, that another worker is at, or whose run does not go on.
        """
        begun = await self._moves.submit(
            Beginning(run_item_id=run_item_id, traceparent=telemetry.traceparent())
        )
        if begun is None:
            return True
        try:
            async with kept(self._transactions, begun.lease):
                return await self._ended(begun)
        except LeaseLost:
            return True
        except asyncio.CancelledError:
            # The process is told to end: another worker may go on at once, and the item is not to blame.
            await asyncio.shield(self._leave(write.forgive_attempt, begun, now=self._clock.now()))
            raise
        except Refusal:
            # Not even this could be written down: the lease runs out by itself.
            return False
        except Exception:
            await self._leave(write.leave_item, begun, now=self._clock.now())
            raise

    async def _ended(self, begun: Begun) -> bool:
        try:
            result = await self._result(begun)
            if isinstance(result, HeldUp):
                await self._write(write.hold_up, begun, held_up=result)
            elif isinstance(result, Completed):
                await self._ended_by(begun, completed=result)
            else:
                await self._ended_by(begun, result)
            return True
        except Refusal as refusal:
            if isinstance(refusal, LeaseLost):
                raise
            if isinstance(refusal, CreditsTied):
                await self._write(write.put_off, begun, required=refusal.required)
                return True
            reason = HELD_UP.get(refusal.reason)
            if reason is not None:
                scope = refusal.metadata.get("scope", "")
                held_up = HeldUp(reason=reason, scope=scope, detail=refusal.message)
                await self._write(write.hold_up, begun, held_up=held_up)
                return True
            if passing(refusal):
                # An attempt counts when the item itself may be what a service fails at.
                leave = write.leave_item if fault_of_ours(refusal) else write.forgive_attempt
                await self._write(leave, begun)
                return False
            await self._ended_by(begun, ItemResult(error=refusal.message))
            return True

    async def _ended_by(
        self, begun: Begun, result: ItemResult | None = None, *, completed: Completed | None = None
    ) -> None:
        """By this result, else by what came of its execution, whose one item is `completed` where that is not noted."""
        step = Ending(
            lease=begun.lease,
            run_item_id=begun.item.id,
            result=result,
            completed=completed,
            # Nobody knows what came of it, though it was paid: a person is to look.
            error=NeverEnded(ATTEMPTS_MAX).message if begun.item.hopeless else "",
            traceparent=telemetry.traceparent(),
        )
        await patiently(lambda: self._moves.submit(step), self._randomness)

    async def _move(self, steps: Sequence[Beginning | Ending]) -> Sequence[Begun | LeaseLost | None]:
        return await self._transactions.run(
            move_items, steps=steps, owner=self._owner, task_of=self._task_of, now=self._clock.now()
        )

    async def _write(self, step: Callable[..., None], begun: Begun, **facts: Any) -> None:
        await patiently(
            lambda: self._transactions.run(
                step, lease=begun.lease, run_item_id=begun.item.id, now=self._clock.now(), **facts
            ),
            self._randomness,
        )

    async def _leave(self, step: Callable[..., None], begun: Begun, **facts: Any) -> None:
        with contextlib.suppress(Refusal):
            await self._transactions.run(step, lease=begun.lease, run_item_id=begun.item.id, **facts)

    async def _result(self, begun: Begun) -> ItemResult | Completed | HeldUp | None:
        """How the item ends; None where what came of its execution says so."""
        if begun.item.stage.function is not None:
            return await self._execute(begun)
        if begun.item.poisonous:
            raise NeverEnded(ATTEMPTS_MAX)
        if begun.item.stage is Stage.TASKS:
            return await self._queue_ideas(begun.item)
        return await self._review(begun.item)

    async def _queue_ideas(self, item: RunItem) -> ItemResult:
        response = await self._inventory.pipeline.QueueIdeas(
            publisher.QueueIdeasRequest(request_id=f"run-item:{item.id}", idea_ids=item.input_ids)
        )
        flow = [
            Output(id=task.id, label=task.title)
            for task in response.tasks
            if task.status in (publisher.Task.STATUS_QUEUED, publisher.Task.STATUS_IN_PROGRESS)
        ]
        made = [task.id for task in response.tasks]
        return ItemResult(flow=flow, outputs=len(made), output_ids=made, outcome="queued")

    async def _review(self, item: RunItem) -> ItemResult:
        content = await self._inventory.submit_for_review(item.input_ids[0])
        outcome = _CONTENT_STATUS.Name(content.status).removeprefix("STATUS_").lower()
        if content.site_status == publisher.Content.SITE_STATUS_SCHEDULED:
            outcome = f"{outcome}, scheduled"
        return ItemResult(outputs=1, output_ids=item.input_ids, outcome=outcome)

    async def _execute(self, begun: Begun) -> Completed | HeldUp | None:
        item, lease = begun.item, begun.lease
        assert item.ai_task_id is not None, "the item was begun with its task log"

        completed: Completed | None = None
        if item.poisonous:
            task = await self._executor.abandon(
                item.ai_task_id, lease, NeverEnded(ATTEMPTS_MAX), hopeless=item.hopeless
            )
        else:
            execution = await self._executor.begin(
                item.ai_task_id, lease, new=begun.task, run_item_id=item.id
            )
            task = execution.task
            if not task.ended:
                task, completed = await self._executor.work_to_the_end(
                    execution, lease, again=item.attempts > 1
                )
        if task.reason in HELD_UP and not task.items_failed:
            # It was refused as a whole: by its provider just now, or by a worker that did not live to pause the run.
            return HeldUp(reason=HELD_UP[task.reason], detail=task.error)
        return completed

    def _task_of(self, run: Run, item: RunItem) -> AiTask | None:
        function = item.stage.function
        if function is None:
            return None
        model_name = run.models[function]
        now = self._clock.now()
        return AiTask(
            id=new_id(),
            account_id=run.account_id,
            site_id=run.site_id,
            run_id=run.id,
            function_name=function,
            model_name=model_name,
            prompt_version=prompt_version(function.value),
            actor=run.actor,
            payload={
                "task_ids": list(item.input_ids),
                "model": model_name,
                "run_id": run.id,
                "stage": int(item.stage),
                "max_in_article_images": run.max_in_article_images,
                "images_wanted": images_wanted(run.enabled),
                "failed_too": item.retries > 0,
            },
            created_at=now,
            updated_at=now,
        )

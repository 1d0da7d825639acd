"""One item of a run, done by a worker: an AI function through the executor, or a step at publisher without a model."""

from collections.abc import Sequence
from typing import Any, Final

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.domain.run import PauseReason, Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.stages import Output, Stage, images_wanted
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.executor import Executor
from services.ai.functions.base import PROMPT_VERSION
from services.ai.inventory import Inventory
from services.ai.leasing import kept
from services.ai.patience import passing
from services.ai.providers.registry import Providers
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import run_items as write
from services.ai.usecases.run_items import ItemResult

HELD_UP: Final = {
    "INSUFFICIENT_CREDITS": PauseReason.INSUFFICIENT_CREDITS,
    "BUDGET_EXCEEDED": PauseReason.BUDGET_REACHED,
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
        providers: Providers,
        inventory: Inventory,
        clock: Clock,
        owner: str,
    ) -> None:
        self._transactions = transactions
        self._executor = executor
        self._providers = providers
        self._inventory = inventory
        self._clock = clock
        self._owner = owner

    async def do(self, run_item_id: str) -> bool:
        """Does the item to its end. False when another service could not be reached and the job should come back.

        Quietly does nothing about an item that has ended, that another worker is at, or whose run does not go on.
        """
        begun = await self._transactions.run(
            write.begin_item, run_item_id=run_item_id, owner=self._owner, now=self._clock.now()
        )
        if begun is None:
            return True
        run, item, lease = begun.run, begun.item, begun.lease
        try:
            async with kept(self._transactions, lease):
                result = await self._result(run, item, lease)
                await self._transactions.run(
                    write.end_item,
                    lease=lease,
                    run_item_id=item.id,
                    result=result,
                    now=self._clock.now(),
                )
        except LeaseLost:
            return True
        except Refusal as refusal:
            return await self._refused(item, lease, refusal)
        return True

    async def _refused(self, item: RunItem, lease: Lease, refusal: Refusal) -> bool:
        reason = HELD_UP.get(refusal.reason)
        now = self._clock.now()
        if reason is not None:
            await self._transactions.run(
                write.hold_up, lease=lease, run_item_id=item.id, reason=reason, now=now
            )
            return True
        if passing(refusal):
            await self._transactions.run(write.forgive_attempt, lease=lease, run_item_id=item.id, now=now)
            return False
        await self._transactions.run(
            write.end_item,
            lease=lease,
            run_item_id=item.id,
            result=ItemResult(error=refusal.message),
            now=now,
        )
        return True

    async def _result(self, run: Run, item: RunItem, lease: Lease) -> ItemResult:
        if item.stage is Stage.TASKS:
            return await self._queue_ideas(item)
        if item.stage is Stage.REVIEW:
            return await self._review(item)
        return await self._execute(run, item, lease)

    async def _queue_ideas(self, item: RunItem) -> ItemResult:
        response = await self._inventory.pipeline.QueueIdeas(
            publisher.QueueIdeasRequest(request_id=f"run-item:{item.id}", idea_ids=item.input_ids)
        )
        flow = [
            Output(id=task.id, label=task.title)
            for task in response.tasks
            if task.status in (publisher.Task.STATUS_QUEUED, publisher.Task.STATUS_IN_PROGRESS)
        ]
        return ItemResult(flow=flow, outputs=len(response.tasks), outcome="queued")

    async def _review(self, item: RunItem) -> ItemResult:
        content = await self._inventory.submit_for_review(item.input_ids[0])
        outcome = _CONTENT_STATUS.Name(content.status).removeprefix("STATUS_").lower()
        if content.site_status == publisher.Content.SITE_STATUS_SCHEDULED:
            outcome = f"{outcome}, scheduled"
        return ItemResult(outputs=1, outcome=outcome)

    async def _execute(self, run: Run, item: RunItem, lease: Lease) -> ItemResult:
        if item.ai_task_id is None:
            task = await self._task(run, item)
            item = await self._transactions.run(write.attach_task, lease=lease, item=item, task=task)
        assert item.ai_task_id is not None, "the item has its task log"
        task_id = item.ai_task_id

        async def admit(credits_required: int) -> None:
            await self._transactions.run(
                write.admit_item, lease=lease, item=item, credits_required=credits_required
            )

        task = await self._executor.begin(task_id, lease, admit=admit)
        if not task.ended:
            task = await self._executor.work(task_id, lease)
        return await self._outcome(item, task)

    async def _task(self, run: Run, item: RunItem) -> AiTask:
        function = item.stage.function
        assert function is not None, "the stage runs an AI function"
        wanted = run.image_model if function.makes_images else run.text_model
        model_name = await self._providers.choose(wanted, makes_images=function.makes_images)
        now = self._clock.now()
        return AiTask(
            id=new_id(),
            account_id=run.account_id,
            site_id=run.site_id,
            run_id=run.id,
            function_name=function,
            model_name=model_name,
            prompt_version="" if function.makes_images else f"{function.value}/{PROMPT_VERSION}",
            actor=run.actor,
            payload={
                "task_ids": list(item.input_ids),
                "model": model_name,
                "run_id": run.id,
                "stage": int(item.stage),
                "max_in_article_images": run.max_in_article_images,
                "images_wanted": images_wanted(run.enabled),
            },
            created_at=now,
            updated_at=now,
        )

    async def _outcome(self, item: RunItem, task: AiTask) -> ItemResult:
        outputs = await self._executor.outputs(task.id)
        flow = _flow(outputs)
        if item.stage is Stage.IMAGES:
            # An article whose images have finally failed goes to review all the same.
            flow = [Output(id=item.input_ids[0], label=item.label)]
        return ItemResult(
            flow=flow,
            outputs=task.outputs,
            credits_used=task.credits_used,
            outcome=f"{task.items_done} of {task.items_total} done" if task.items_failed else "",
            error=task.error if task.status is TaskStatus.ERROR else "",
        )


def _flow(outputs: Sequence[dict[str, Any]]) -> list[Output]:
    """What came of the items, each thing once, in order."""
    found = [Output(id=output["id"], label=output["label"]) for each in outputs for output in each["flow"]]
    return list({output.id: output for output in found}.values())

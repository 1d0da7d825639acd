"""GenerationService: AI functions started by hand, and the task logs."""

import asyncio
import contextlib
from typing import Any

from igny8.ai import v1 as ai

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.ids import new_id
from chassis.paging import PageRequest
from chassis.refusal import FieldFault, Refusal, RequestInvalid
from chassis.transaction import Transactions
from services.ai import convert
from services.ai.domain.function_names import FunctionName, NothingToDo, function_name
from services.ai.domain.stages import Stage, images_wanted
from services.ai.domain.task import AiTask
from services.ai.executor import Executor
from services.ai.functions.registry import FUNCTIONS
from services.ai.inventory import Inventory
from services.ai.leasing import kept
from services.ai.model_choice import ModelChoice
from services.ai.patience import passing
from services.ai.prompts import prompt_version
from services.ai.servicers import Context
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import by_hand, configs, tasks

ALL_MAX = 1_000
"""Items taken when everything that waits is asked for."""

SCOPE = "RunFunction"
"""What a request_id of RunFunction counts within."""

_STAGES = {stage.function: stage for stage in Stage if stage.function is not None}


class GenerationServicer(ai.GenerationServiceServicer):
    """Executions of the caller's account."""

    def __init__(
        self,
        transactions: Transactions[AiTransaction],
        clock: Clock,
        *,
        executor: Executor,
        inventory: Inventory,
        models: ModelChoice,
        owner: str,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._executor = executor
        self._inventory = inventory
        self._models = models
        self._owner = owner

    async def RunFunction(self, request: ai.RunFunctionRequest, context: Context) -> ai.RunFunctionResponse:
        """Prepares, quotes and reserves before the answer, so a refusal is the answer; a worker does the rest."""
        function = function_name(request.function)
        _check_what(request)
        response = await self._transactions.answered(
            request_id=request.request_id, scope=SCOPE, request=request, response=ai.RunFunctionResponse
        )
        if response is not None:
            return ai.RunFunctionResponse(
                task=convert.task_to_proto(await self._begun(response.task.id, None, request))
            )
        task = await self._task(request, function)
        # Before anything of it is written: ids that are not the site's, or nothing that waits.
        if not await FUNCTIONS[function].prepare(self._inventory, task):
            raise NothingToDo.of(function)
        started: list[Lease] = []

        def start(tx: AiTransaction, *, account_id: str) -> AiTask:
            assert account_id == task.account_id, "the id counts within the task's own account"
            started.append(tasks.start_task(tx, task=task, owner=self._owner))
            return task

        response = await self._transactions.run_once(
            start,
            request_id=request.request_id,
            scope=SCOPE,
            request=request,
            response=ai.RunFunctionResponse,
            pack=lambda written: ai.RunFunctionResponse(task=convert.task_to_proto(written)),
            account_id=task.account_id,
        )
        begun = await self._begun(response.task.id, started[-1] if started else None, request)
        return ai.RunFunctionResponse(task=convert.task_to_proto(begun))

    async def _begun(self, task_id: str, lease: Lease | None, request: ai.RunFunctionRequest) -> AiTask:
        """The task, reserved and handed to a worker. A repeat goes on with what the first call left undone."""
        run = self._transactions.run
        if lease is None:
            task = await run(tasks.get_task, task_id=task_id)
            lease = None if task.begun else await run(tasks.claim, subject_id=task_id, owner=self._owner)
            if lease is None:
                return task
        try:
            async with kept(self._transactions, lease):
                begun = await self._executor.begin(task_id, lease, attempts=1)
        except LeaseLost:
            return await run(tasks.get_task, task_id=task_id)
        except asyncio.CancelledError:
            await asyncio.shield(run(tasks.give_up, lease=lease))
            raise
        except Refusal as refusal:
            await self._leave(task_id, lease, refusal, request)
            raise
        await run(by_hand.hand_out_task, lease=lease, task=begun.task, now=self._clock.now())
        return begun.task

    async def _leave(
        self, task_id: str, lease: Lease, refusal: Refusal, request: ai.RunFunctionRequest
    ) -> None:
        """What was refused may be asked for again under the same id; what passes is gone on with by a repeat or a worker.

        Without an id nobody can go on with it, and grpc repeats an unavailable call by itself: each of those calls is
        an execution of its own, so none but the last may be done.
        """
        run = self._transactions.run
        if passing(refusal) and request.request_id:
            await run(tasks.give_up, lease=lease)
            return
        await run(tasks.refuse_task, lease=lease, task_id=task_id, refusal=refusal, now=self._clock.now())
        await run(
            tasks.forget_request,
            lease=lease,
            account_id=current_caller().account(),
            scope=SCOPE,
            request_id=request.request_id,
        )

    async def GetAiTask(self, request: ai.GetAiTaskRequest, context: Context) -> ai.GetAiTaskResponse:
        task = await self._transactions.run(
            tasks.get_task, task_id=request.task_id, account_id=current_caller().account()
        )
        return ai.GetAiTaskResponse(task=convert.task_to_proto(task))

    async def CancelAiTask(
        self, request: ai.CancelAiTaskRequest, context: Context
    ) -> ai.CancelAiTaskResponse:
        """Asks for the end; an execution that nobody is at is ended here, another by whoever is at it."""
        task = await self._transactions.run(
            tasks.cancel_task,
            task_id=request.task_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        if not task.ended:
            await self._stop(task.id)
            task = await self._transactions.run(tasks.get_task, task_id=task.id)
        return ai.CancelAiTaskResponse(task=convert.task_to_proto(task))

    async def _stop(self, task_id: str) -> None:
        """What cannot be done just now is left to a worker, which has the job or gets it from the sweeper."""
        run = self._transactions.run
        lease = await run(tasks.claim, subject_id=task_id, owner=self._owner)
        if lease is None:
            return
        try:
            with contextlib.suppress(Refusal):
                async with kept(self._transactions, lease):
                    begun = await self._executor.begin(task_id, lease, attempts=1)
                    if not begun.task.ended:
                        done = await self._executor.work(begun, lease)
                        await self._executor.finish(done, lease)
        finally:
            await asyncio.shield(run(tasks.give_up, lease=lease))

    async def ListAiTasks(self, request: ai.ListAiTasksRequest, context: Context) -> ai.ListAiTasksResponse:
        page = await self._transactions.run(
            tasks.list_tasks,
            page=PageRequest.of(request),
            account_id=current_caller().account(),
            site_id=request.site_id,
            run_id=request.run_id,
            function_name=request.function_name,
            status=convert.task_status_from_proto(request.status),
        )
        return ai.ListAiTasksResponse(
            tasks=[convert.task_to_proto(task, payload=False, result=False) for task in page.items],
            next_page_token=page.next_page_token,
        )

    async def _task(self, request: ai.RunFunctionRequest, function: FunctionName) -> AiTask:
        caller = current_caller()
        await self._inventory.site(request.site_id)
        config = await self._transactions.run(
            configs.get_config, site_id=request.site_id, account_id=caller.account()
        )
        models = await self._models.for_functions(
            [function], account_id=caller.account(), config=config, asked=request.model_name
        )
        model_name = models[function]
        payload: dict[str, Any] = {
            "task_ids": list(request.ids) or await self._waiting(request.site_id, function),
            "model": model_name,
            "max_in_article_images": config.max_in_article_images,
            "images_wanted": images_wanted(config.enabled),
            # Who names an article means all of its images that are not there.
            "failed_too": not request.all,
        }
        now = self._clock.now()
        return AiTask(
            id=new_id(),
            account_id=caller.account(),
            site_id=request.site_id,
            function_name=function,
            model_name=model_name,
            prompt_version=prompt_version(function.value),
            actor=caller.actor,
            payload=payload,
            created_at=now,
            updated_at=now,
        )

    async def _waiting(self, site_id: str, function: FunctionName) -> list[str]:
        """What waits for the function. Raises NothingToDo when nothing does."""
        waiting = await self._inventory.stage_inputs(site_id, _STAGES[function], limit=ALL_MAX)
        if not waiting:
            raise NothingToDo.at_all(function)
        return [each.id for each in waiting]


def _check_what(request: ai.RunFunctionRequest) -> None:
    """Raises RequestInvalid unless it says either what is to be worked on, or that it is everything."""
    if request.all and request.ids:
        raise RequestInvalid(FieldFault("all", "must not be set beside ids; leave one of them out"))
    if not request.all and not request.ids:
        raise RequestInvalid(
            FieldFault("ids", "must name what to work on; for everything that waits set all to true instead")
        )

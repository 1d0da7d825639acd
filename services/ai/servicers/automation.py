"""AutomationService: a site's settings and its runs."""

from igny8.ai import v1 as ai

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.paging import PageRequest
from chassis.transaction import Transactions
from services.ai import convert
from services.ai.automation.estimating import Estimator
from services.ai.automation.preparation import Preparation
from services.ai.convert_config import config_from_proto, config_to_proto
from services.ai.convert_estimate import prospect_to_proto
from services.ai.domain.config import AutomationConfig
from services.ai.domain.events import RunSnapshot
from services.ai.inventory import Inventory
from services.ai.model_choice import ModelChoice
from services.ai.servicers import Context
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import configs, retries, runs, schedules
from services.ai.usecases.retries import Retry


class AutomationServicer(ai.AutomationServiceServicer):
    """Runs of the caller's account."""

    def __init__(
        self,
        transactions: Transactions[AiTransaction],
        clock: Clock,
        *,
        inventory: Inventory,
        models: ModelChoice,
        preparation: Preparation,
        estimator: Estimator,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._inventory = inventory
        self._models = models
        self._preparation = preparation
        self._estimator = estimator

    async def GetConfig(self, request: ai.GetConfigRequest, context: Context) -> ai.GetConfigResponse:
        settings = await self._inventory.publishing_settings(request.site_id)
        config = await self._config(request.site_id)
        return ai.GetConfigResponse(config=config_to_proto(config, settings, now=self._clock.now()))

    async def PutConfig(self, request: ai.PutConfigRequest, context: Context) -> ai.PutConfigResponse:
        settings = await self._inventory.publishing_settings(request.site_id)
        await self._check_models(request.config, within="config.")
        config = await self._transactions.run(
            configs.put_config,
            config=config_from_proto(request.config, site_id=request.site_id, time_zone=settings.time_zone),
            etag=request.etag,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return ai.PutConfigResponse(config=config_to_proto(config, settings, now=self._clock.now()))

    async def Estimate(self, request: ai.EstimateRequest, context: Context) -> ai.EstimateResponse:
        await self._inventory.site(request.site_id)
        config = await self._config(request.site_id)
        caller = current_caller()
        prospect = await self._estimator.prospect(config, account_id=caller.account(), actor=caller.actor)
        return ai.EstimateResponse(estimate=prospect_to_proto(prospect))

    async def StartRun(self, request: ai.StartRunRequest, context: Context) -> ai.StartRunResponse:
        await self._inventory.site(request.site_id)
        config = await self._config(request.site_id)
        await self._preparation.check_may_start()
        models = await self._preparation.models(config, account_id=current_caller().account())
        inputs = await self._preparation.waiting(config)
        estimate = await self._estimator.estimate(
            config,
            models=models,
            waiting={stage: len(found) for stage, found in inputs.items()},
            account_id=current_caller().account(),
        )
        return await self._transactions.run_once(
            runs.start_run,
            request_id=request.request_id,
            scope="StartRun",
            request=request,
            response=ai.StartRunResponse,
            pack=lambda started: ai.StartRunResponse(run=convert.snapshot_to_proto(started)),
            account_id=current_caller().account(),
            config=config,
            models=models,
            inputs=inputs,
            estimate=estimate,
            actor=current_caller().actor,
            now=self._clock.now(),
        )

    async def GetRun(self, request: ai.GetRunRequest, context: Context) -> ai.GetRunResponse:
        snapshot = await self._transactions.run(
            runs.get_run,
            run_id=request.run_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return ai.GetRunResponse(run=convert.snapshot_to_proto(snapshot))

    async def ListRuns(self, request: ai.ListRunsRequest, context: Context) -> ai.ListRunsResponse:
        await self._inventory.site(request.site_id)
        page = await self._transactions.run(
            runs.list_runs,
            page=PageRequest.of(request),
            account_id=current_caller().account(),
            site_id=request.site_id,
            status=convert.run_status_from_proto(request.status),
            trigger=convert.trigger_from_proto(request.trigger),
        )
        now = self._clock.now()
        return ai.ListRunsResponse(
            runs=[convert.run_to_proto(run, now=now) for run in page.items],
            next_page_token=page.next_page_token,
        )

    async def ListRunItems(
        self, request: ai.ListRunItemsRequest, context: Context
    ) -> ai.ListRunItemsResponse:
        page = await self._transactions.run(
            runs.list_run_items,
            page=PageRequest.of(request),
            account_id=current_caller().account(),
            run_id=request.run_id,
            stage=request.stage,
            status=convert.run_item_status_from_proto(request.status),
        )
        return ai.ListRunItemsResponse(
            items=map(convert.run_item_to_proto, page.items), next_page_token=page.next_page_token
        )

    async def ListPlannedRuns(
        self, request: ai.ListPlannedRunsRequest, context: Context
    ) -> ai.ListPlannedRunsResponse:
        await self._inventory.site(request.site_id)
        page = await self._transactions.run(
            schedules.list_planned_runs,
            page=PageRequest.of(request),
            account_id=current_caller().account(),
            site_id=request.site_id,
        )
        return ai.ListPlannedRunsResponse(
            planned_runs=map(convert.planned_run_to_proto, page.items),
            next_page_token=page.next_page_token,
        )

    async def PauseRun(self, request: ai.PauseRunRequest, context: Context) -> ai.PauseRunResponse:
        snapshot = await self._transactions.run(
            runs.pause_run,
            run_id=request.run_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return ai.PauseRunResponse(run=convert.snapshot_to_proto(snapshot))

    async def ResumeRun(self, request: ai.ResumeRunRequest, context: Context) -> ai.ResumeRunResponse:
        snapshot = await self._transactions.run(
            runs.resume_run,
            run_id=request.run_id,
            max_credits=request.max_credits if request.HasField("max_credits") else None,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return ai.ResumeRunResponse(run=convert.snapshot_to_proto(snapshot))

    async def RetryFailedItems(
        self, request: ai.RetryFailedItemsRequest, context: Context
    ) -> ai.RetryFailedItemsResponse:
        await self._check_models(request)
        return await self._transactions.run_once(
            retries.retry_failed_items,
            request_id=request.request_id,
            scope="RetryFailedItems",
            request=request,
            response=ai.RetryFailedItemsResponse,
            pack=lambda done: ai.RetryFailedItemsResponse(
                run=convert.snapshot_to_proto(done[0]), retried=done[1]
            ),
            run_id=request.run_id,
            account_id=current_caller().account(),
            retry=Retry(
                item_ids=tuple(request.item_ids),
                inputs={change.item_id: tuple(change.input_ids) for change in request.changes},
                text_model=request.text_model,
                image_model=request.image_model,
            ),
            now=self._clock.now(),
        )

    async def CancelRun(self, request: ai.CancelRunRequest, context: Context) -> ai.CancelRunResponse:
        snapshot: RunSnapshot = await self._transactions.run(
            runs.cancel_run,
            run_id=request.run_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return ai.CancelRunResponse(run=convert.snapshot_to_proto(snapshot))

    async def _config(self, site_id: str) -> AutomationConfig:
        """The site's settings, once publisher has said that the site is the caller's."""
        return await self._transactions.run(
            configs.get_config, site_id=site_id, account_id=current_caller().account()
        )

    async def _check_models(
        self, named: ai.AutomationConfig | ai.RetryFailedItemsRequest, *, within: str = ""
    ) -> None:
        """Raises ModelUnknown and ProviderKeyMissing, naming the field."""
        if not named.text_model and not named.image_model:
            return
        usable = await self._models.usable(current_caller().account())
        for field, name, makes_images in (
            (f"{within}text_model", named.text_model, False),
            (f"{within}image_model", named.image_model, True),
        ):
            if name:
                usable.check(name, makes_images=makes_images, field=field)

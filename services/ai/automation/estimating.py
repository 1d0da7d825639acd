"""Estimating a run before it starts: what waits, what past runs took, what quotes say, and what would stop it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.automation.preparation import Preparation
from services.ai.domain.config import AutomationConfig
from services.ai.domain.estimate import Past, RunEstimate, UnitPrice, estimate, needs_quote
from services.ai.domain.estimate_stops import (
    Cap,
    Stop,
    balance_cap,
    budget_cap,
    holds_of,
    run_cap,
    stops_of,
)
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.run import RunAlreadyActive
from services.ai.domain.stages import Stage
from services.ai.domain.task import api_key_id
from services.ai.functions.usual import Size, usual
from services.ai.inventory import Inventory
from services.ai.ledger import Quotes
from services.ai.patience import passing
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import runs

ARTICLES_SEEN: Final = 100
"""Of the articles that wait to be written, how many are looked at for their lengths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """An estimate beside the balance."""

    estimate: RunEstimate
    available: int
    max_credits: int
    stops: tuple[Stop, ...]


class Estimator:
    """Makes estimates."""

    def __init__(
        self,
        transactions: Transactions[AiTransaction],
        clock: Clock,
        *,
        quotes: Quotes,
        inventory: Inventory,
        preparation: Preparation,
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._quotes = quotes
        self._inventory = inventory
        self._preparation = preparation

    async def prospect(self, config: AutomationConfig, *, account_id: str, actor: str) -> Prospect:
        """The estimate of a run that `actor` would start now. Raises only what passes, and NOT_FOUND."""
        stops: list[Stop] = []
        models: dict[FunctionName, str] = {}
        try:
            await self._preparation.check_may_start()
        except Refusal as refusal:
            stops.append(_certain(refusal))
        try:
            models = await self._preparation.models(config, account_id=account_id)
        except Refusal as refusal:
            stops.append(_certain(refusal))
        waiting = {stage: await self._inventory.count_stage_inputs(config.site_id, stage) for stage in Stage}
        past = await self._past(config, models=models, account_id=account_id)
        prices = await self._prices(config, models=models, waiting=waiting, stages=config.enabled)
        made = estimate(config, waiting=waiting, past=past, prices=prices)
        available = await self._quotes.available()
        active = await self._transactions.run(runs.active_run, site_id=config.site_id)
        if active is not None:
            in_the_way = RunAlreadyActive(active)
            stops.append(
                Stop(reason=in_the_way.reason, detail=in_the_way.message, certain=True, run_id=active)
            )
        if not any(waiting[stage] for stage in config.enabled):
            detail = "There is nothing to work on: import keywords first."
            stops.append(Stop(reason=NothingToDo.reason, detail=detail, certain=True))
        caps = [balance_cap(available), *await self._caps(config, actor=actor)]
        stops.extend(stops_of(made, caps=caps, holds=holds_of(made, prices)))
        return Prospect(
            estimate=made,
            available=available,
            max_credits=config.max_credits_per_run,
            stops=tuple(stops),
        )

    async def estimate(
        self,
        config: AutomationConfig,
        *,
        models: Mapping[FunctionName, str],
        waiting: Mapping[Stage, int],
        account_id: str,
    ) -> RunEstimate:
        """The estimate of a run over what waits with these models; a stage without one is not priced.

        Where nothing waits nothing is quoted: the run is going to be refused, which leaves no row anywhere.
        """
        past = await self._past(config, models=models, account_id=account_id)
        stages = [stage for stage in config.enabled if needs_quote(stage, past)]
        prices = await self._prices(config, models=models, waiting=waiting, stages=stages)
        return estimate(config, waiting=waiting, past=past, prices=prices)

    async def _past(
        self, config: AutomationConfig, *, models: Mapping[FunctionName, str], account_id: str
    ) -> Past:
        return await self._transactions.run(
            runs.past_runs, site_id=config.site_id, account_id=account_id, models=models
        )

    async def _prices(
        self,
        config: AutomationConfig,
        *,
        models: Mapping[FunctionName, str],
        waiting: Mapping[Stage, int],
        stages: Collection[Stage],
    ) -> dict[Stage, UnitPrice]:
        """Of the stages that have a model; of none where nothing waits for a run to begin with."""
        if not any(waiting.get(stage) for stage in config.enabled):
            return {}
        return {
            stage: await self._unit_price(function, models[function], config, waiting.get(stage, 0))
            for stage in stages
            if (function := stage.function) is not None and function in models
        }

    async def _unit_price(
        self, function: FunctionName, model_name: str, config: AutomationConfig, waiting: int
    ) -> UnitPrice:
        """Of an item as those that wait are, else of a usual one."""
        size, largest = Size(images=1 + config.max_in_article_images), None
        if function is FunctionName.CLUSTER_KEYWORDS:
            batch = config.batch_size(Stage.CLUSTER)
            size = replace(size, keywords=min(batch, waiting or batch))
        if function is FunctionName.GENERATE_CONTENT and waiting:
            size, largest = await self._articles(config.site_id, size)
        expected, maximum = await self._price(function, model_name, size)
        hold = maximum
        if largest is not None and largest != size:
            _, hold = await self._price(function, model_name, largest)
        return UnitPrice(expected=expected, maximum=maximum, inputs=size.keywords, hold=hold)

    async def _price(self, function: FunctionName, model_name: str, size: Size) -> tuple[int, int]:
        return await self._quotes.price(function, model_name=model_name, estimate=usual(function, size))

    async def _articles(self, site_id: str, size: Size) -> tuple[Size, Size]:
        """The mean and the longest of the articles that wait to be written, as far as a look at some tells."""
        waiting = await self._inventory.stage_inputs(site_id, Stage.CONTENT, limit=ARTICLES_SEEN)
        tasks = await self._inventory.tasks(site_id, [output.id for output in waiting])
        words = [task.word_count for task in tasks] or [size.words]
        return replace(size, words=round(fmean(words))), replace(size, words=max(words))

    async def _caps(self, config: AutomationConfig, *, actor: str) -> list[Cap]:
        """What a run's credits cannot pass beside the balance: its own limit and the budgets that count it."""
        caps = [run_cap(config.max_credits_per_run)] if config.max_credits_per_run else []
        for target_id in filter(None, (config.site_id, api_key_id(actor))):
            caps += [
                budget_cap(budget.scope, limit=budget.limit, left=budget.left, resets_at=budget.resets_at)
                for budget in await self._quotes.budgets(target_id)
            ]
        return caps


def _certain(refusal: Refusal) -> Stop:
    """What a start would be refused for. Raises what passes."""
    if passing(refusal):
        raise refusal
    return Stop(reason=refusal.reason, detail=refusal.message, certain=True)

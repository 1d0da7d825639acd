"""Estimating a run before it starts: what waits, what past runs took, what quotes say, and what would stop it."""

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.automation.preparation import Preparation
from services.ai.domain.config import AutomationConfig
from services.ai.domain.estimate import RunEstimate, UnitPrice, estimate, needs_quote
from services.ai.domain.function_names import FunctionName, NothingToDo
from services.ai.domain.run import RunAlreadyActive
from services.ai.domain.stages import BATCHED, Stage
from services.ai.functions.usual import usual
from services.ai.inventory import Inventory
from services.ai.ledger import Quotes
from services.ai.patience import passing
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """What would keep a run from starting or from ending."""

    reason: str
    """Of the error catalogue, as the refusal would have it."""
    detail: str
    certain: bool
    """False when it only may happen: the upper end of the range meets it."""
    run_id: str = ""
    """The run that is in the way."""


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

    async def prospect(self, config: AutomationConfig, *, account_id: str) -> Prospect:
        """The estimate of a run that would be started now. Raises only what passes, and NOT_FOUND."""
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
        made = await self.estimate(config, models=models, waiting=waiting, account_id=account_id)
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
        stops.extend(_stops(made, available=available, limit=config.max_credits_per_run))
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
        past = await self._transactions.run(
            runs.past_runs, site_id=config.site_id, account_id=account_id, models=models
        )
        begins = any(waiting.get(stage) for stage in config.enabled)
        prices = {
            stage: await self._unit_price(stage, function, models[function], config)
            for stage in config.enabled
            if begins
            and (function := stage.function) is not None
            and function in models
            and needs_quote(stage, past)
        }
        return estimate(config, waiting=waiting, past=past, prices=prices)

    async def _unit_price(
        self, stage: Stage, function: FunctionName, model_name: str, config: AutomationConfig
    ) -> UnitPrice:
        size = config.stages[stage].batch_size if stage in BATCHED else 1
        expected, maximum = await self._quotes.price(
            function,
            model_name=model_name,
            estimate=usual(function, batch_size=size, images=1 + config.max_in_article_images),
        )
        return UnitPrice(expected=expected, maximum=maximum)


def _certain(refusal: Refusal) -> Stop:
    """What a start would be refused for. Raises what passes."""
    if passing(refusal):
        raise refusal
    return Stop(reason=refusal.reason, detail=refusal.message, certain=True)


def _stops(made: RunEstimate, *, available: int, limit: int) -> list[Stop]:
    found = []
    if made.credits_high > available:
        found.append(
            Stop(
                reason="INSUFFICIENT_CREDITS",
                detail=f"This account has {available} credits available and the run takes {made.credits} to"
                f" {made.credits_high}. It pauses when they are used up; add credits.",
                certain=made.credits > available,
            )
        )
    if limit and made.credits_high > limit:
        found.append(
            Stop(
                reason="BUDGET_EXCEEDED",
                detail=f"The limit of {limit} credits a run is below what it takes, {made.credits} to"
                f" {made.credits_high}. It pauses there; raise the limit.",
                certain=made.credits > limit,
            )
        )
    return found

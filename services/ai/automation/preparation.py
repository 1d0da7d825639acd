"""What a run needs before it starts: models that have a price, and what waits in the inventory for each stage."""

from services.ai.domain.config import AutomationConfig
from services.ai.domain.function_names import FunctionName
from services.ai.domain.stages import Output, Stage
from services.ai.inventory import Inventory
from services.ai.ledger import Quotes
from services.ai.model_choice import ModelChoice


class Preparation:
    """The road to the start of a run, by whomever it is started."""

    def __init__(self, *, inventory: Inventory, models: ModelChoice, quotes: Quotes) -> None:
        self._inventory = inventory
        self._models = models
        self._quotes = quotes

    async def check_may_start(self) -> None:
        """Raises AccountSuspended: a run of an account that may not spend would only stand still."""
        await self._quotes.check_may_spend()

    async def models(self, config: AutomationConfig, *, account_id: str) -> dict[FunctionName, str]:
        """The model of each function that the run will use. Raises ModelUnknown and ProviderKeyMissing."""
        functions = [stage.function for stage in sorted(config.enabled) if stage.function is not None]
        return await self._models.for_functions(functions, account_id=account_id, config=config)

    async def waiting(self, config: AutomationConfig) -> dict[Stage, list[Output]]:
        """The snapshot a run starts from: what waits in the inventory for each of its stages."""
        waiting = {}
        for stage in sorted(config.enabled):
            limit = config.snapshot_limit(stage)
            waiting[stage] = await self._inventory.stage_inputs(config.site_id, stage, limit=limit)
        return waiting

"""What a run needs before it starts: models that have a price, and what waits in the inventory for each stage."""

from dataclasses import replace
from typing import Final

from services.ai.domain.config import AutomationConfig
from services.ai.domain.stages import Output, Stage
from services.ai.inventory import Inventory
from services.ai.providers.registry import Providers

INPUTS_MAX: Final = 10_000
"""Inputs of one stage that a run takes from what waits at its start."""


class Preparation:
    """The road to the start of a run, by whomever it is started."""

    def __init__(self, *, inventory: Inventory, providers: Providers) -> None:
        self._inventory = inventory
        self._providers = providers

    async def priced(self, config: AutomationConfig) -> AutomationConfig:
        """The settings with the models the run will use, each with a price. Raises PRICE_NOT_FOUND."""
        functions = [stage.function for stage in config.enabled if stage.function is not None]
        if any(not function.makes_images for function in functions):
            text_model = await self._providers.choose(config.text_model, makes_images=False)
            config = replace(config, text_model=text_model)
        if any(function.makes_images for function in functions):
            image_model = await self._providers.choose(config.image_model, makes_images=True)
            config = replace(config, image_model=image_model)
        return config

    async def waiting(self, config: AutomationConfig) -> dict[Stage, list[Output]]:
        """The snapshot a run starts from: what waits in the inventory for each of its stages."""
        waiting = {}
        for stage in sorted(config.enabled):
            limit = min(config.stages[stage].max_items_per_run or INPUTS_MAX, INPUTS_MAX)
            waiting[stage] = await self._inventory.stage_inputs(config.site_id, stage, limit=limit)
        return waiting

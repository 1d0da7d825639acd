"""The composition root of the ai server: the gRPC doors, the scheduler and the sweeper. Workers are processes of their own."""

from igny8.ai import v1 as ai

from services.ai.automation.estimating import Estimator
from services.ai.automation.preparation import Preparation
from services.ai.automation.scheduler import Scheduler
from services.ai.automation.sweeper import Sweeper
from services.ai.composition import Parts, host_of
from services.ai.servicers.automation import AutomationServicer
from services.ai.servicers.generation import GenerationServicer
from services.ai.servicers.models import ModelServicer
from services.ai.settings import AiSettings


async def serve(settings: AiSettings) -> None:
    """Runs the service until it is told to end."""
    async with host_of(settings) as host:
        parts = Parts(host, settings, role="server")
        preparation = Preparation(inventory=parts.inventory, models=parts.models, quotes=parts.quotes)
        estimator = Estimator(
            host.transactions,
            host.clock,
            quotes=parts.quotes,
            inventory=parts.inventory,
            preparation=preparation,
        )
        host.add_servicer(
            ai.add_GenerationServiceServicer_to_server,
            GenerationServicer(
                host.transactions,
                host.clock,
                executor=parts.executor,
                inventory=parts.inventory,
                models=parts.models,
                owner=parts.owner,
            ),
        )
        host.add_servicer(
            ai.add_AutomationServiceServicer_to_server,
            AutomationServicer(
                host.transactions,
                host.clock,
                inventory=parts.inventory,
                models=parts.models,
                preparation=preparation,
                estimator=estimator,
            ),
        )
        host.add_servicer(
            ai.add_ModelServiceServicer_to_server,
            ModelServicer(host.transactions, host.clock, models=parts.models, sealer=parts.sealer),
        )
        scheduler = Scheduler(
            host.transactions,
            host.clock,
            inventory=parts.inventory,
            preparation=preparation,
            estimator=estimator,
            owner=parts.owner,
        )
        host.add_task("scheduler", scheduler.run)
        host.add_task("sweeper", Sweeper(host.transactions, host.clock).run)
        await host.run()

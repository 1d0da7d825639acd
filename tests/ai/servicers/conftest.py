"""The ai service's doors beside the real billing and publisher."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from igny8.ai import v1 as ai

from chassis.service_tokens import acting_for
from chassis.testing.serving import Served, serving
from services.ai.servicers.automation import AutomationServicer
from services.ai.servicers.generation import GenerationServicer
from tests.ai.servicers.doors import Doors
from tests.ai.workshop import Workshop


@pytest.fixture
async def served(workshop: Workshop) -> AsyncIterator[Served]:
    parts = workshop.transactions, workshop.clock
    generation = GenerationServicer(
        *parts,
        executor=workshop.executor(),
        inventory=workshop.inventory,
        providers=workshop.providers,
        owner="server",
    )
    automation = AutomationServicer(*parts, inventory=workshop.inventory, providers=workshop.providers)
    async with contextlib.AsyncExitStack() as stack:
        # A server acts for its callers, and not for the account that the workshop's workers act for.
        with acting_for(None):
            running = await stack.enter_async_context(
                serving(
                    (ai.add_GenerationServiceServicer_to_server, generation),
                    (ai.add_AutomationServiceServicer_to_server, automation),
                    service="ai",
                    clock=workshop.clock,
                )
            )
        yield running


@pytest.fixture
def doors(served: Served, workshop: Workshop) -> Doors:
    return Doors(served, workshop)

"""The ai service on clean tables, alone and beside the real billing and publisher."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from igny8.ai import v1 as ai

from chassis.service_tokens import acting_for
from chassis.testing import ManualClock
from chassis.testing.serving import Served, serving
from chassis.transaction import Transactions
from services.ai.convert import encode
from services.ai.servicers.automation import AutomationServicer
from services.ai.servicers.generation import GenerationServicer
from services.ai.servicers.models import ModelServicer
from services.ai.store.transaction import AiTransaction
from services.billing.convert import encode as encode_of_billing
from services.billing.store.transaction import BillingTransaction
from services.publisher.convert_events import encode as encode_of_publisher
from services.publisher.store.transaction import PublisherTransaction
from tests.ai.runs import Desk
from tests.ai.servicers.doors import Doors
from tests.ai.workshop import Workshop, open_workshop
from tests.billing.books import Billing
from tests.publisher.newsroom import Newsroom


@pytest.fixture
def transactions(transactions_for: Callable[..., Transactions[Any]]) -> Transactions[AiTransaction]:
    """The ai service's transactions on clean tables."""
    return transactions_for("ai", AiTransaction, encode=encode, threads=8)


@pytest.fixture
def capture_beyond_hold() -> bool:
    """Whether billing takes what work cost more than its hold from the available balance; parametrize it."""
    return False


@pytest.fixture
def newsroom(transactions_for: Callable[..., Transactions[Any]], clock: ManualClock) -> Newsroom:
    """Publisher's use cases on clean tables."""
    return Newsroom(
        transactions=transactions_for("publisher", PublisherTransaction, encode=encode_of_publisher),
        clock=clock,
    )


@pytest.fixture
async def workshop(
    transactions: Transactions[AiTransaction],
    transactions_for: Callable[..., Transactions[Any]],
    newsroom: Newsroom,
    clock: ManualClock,
    capture_beyond_hold: bool,
) -> AsyncIterator[Workshop]:
    """The executor and workers beside billing and publisher."""
    billing = Billing(
        transactions=transactions_for("billing", BillingTransaction, encode=encode_of_billing), clock=clock
    )
    opening = open_workshop(transactions, billing, newsroom, capture_beyond_hold=capture_beyond_hold)
    async with opening as opened:
        yield opened


@pytest.fixture
def desk(transactions: Transactions[AiTransaction], clock: ManualClock) -> Desk:
    """Runs without their surroundings."""
    return Desk(transactions, clock)


@pytest.fixture
async def served(workshop: Workshop) -> AsyncIterator[Served]:
    parts = workshop.transactions, workshop.clock
    generation = GenerationServicer(
        *parts,
        executor=workshop.executor(),
        inventory=workshop.inventory,
        models=workshop.models,
        owner="server",
    )
    automation = AutomationServicer(
        *parts,
        inventory=workshop.inventory,
        models=workshop.models,
        preparation=workshop.preparation,
        estimator=workshop.estimator,
    )
    models = ModelServicer(*parts, models=workshop.models, sealer=workshop.sealer)
    async with contextlib.AsyncExitStack() as stack:
        # A server acts for its callers, and not for the account that the workshop's workers act for.
        with acting_for(None):
            running = await stack.enter_async_context(
                serving(
                    (ai.add_GenerationServiceServicer_to_server, generation),
                    (ai.add_AutomationServiceServicer_to_server, automation),
                    (ai.add_ModelServiceServicer_to_server, models),
                    service="ai",
                    clock=workshop.clock,
                )
            )
        yield running


@pytest.fixture
def doors(served: Served, workshop: Workshop) -> Doors:
    return Doors(served, workshop)

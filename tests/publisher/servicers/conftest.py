"""Publisher's services behind a real gRPC server, called by stubs with tokens."""

from collections.abc import AsyncIterator

import pytest
from igny8.publisher import v1 as publisher

from chassis.testing.serving import Served, serving
from services.publisher.domain.target import Target
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.pipeline import PipelineServicer
from services.publisher.servicers.planner import PlannerServicer
from services.publisher.servicers.publishing import PublishingServicer
from services.publisher.servicers.sites import SiteServicer
from services.publisher.servicers.writer import WriterServicer
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import SEALER, Newsroom
from tests.publisher.servicers.calls import Calls


@pytest.fixture
def woken() -> list[str]:
    """One entry for each time that the scheduler was woken."""
    return []


@pytest.fixture
def elsewhere() -> FakeTarget:
    """Where every site's content goes."""
    return FakeTarget()


@pytest.fixture
async def inventory(newsroom: Newsroom, woken: list[str], elsewhere: FakeTarget) -> AsyncIterator[Served]:
    """The services through which the inventory is filled and read."""
    parts = newsroom.transactions, newsroom.clock

    def wake() -> None:
        woken.append("woken")

    async with serving(
        (
            publisher.add_SiteServiceServicer_to_server,
            SiteServicer(*parts, sealer=SEALER, targets=dict.fromkeys(Target, elsewhere)),
        ),
        (publisher.add_PlannerServiceServicer_to_server, PlannerServicer(*parts)),
        (
            publisher.add_PipelineServiceServicer_to_server,
            PipelineServicer(*parts, wake_scheduler=wake),
        ),
        (publisher.add_WriterServiceServicer_to_server, WriterServicer(*parts, wake_scheduler=wake)),
        (
            publisher.add_PublishingServiceServicer_to_server,
            PublishingServicer(*parts, addresses=Addresses(), wake_scheduler=wake),
        ),
        service="publisher",
        clock=newsroom.clock,
    ) as running:
        yield running


@pytest.fixture
def calls(inventory: Served) -> Calls:
    return Calls(inventory)

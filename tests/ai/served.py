"""Billing and publisher behind their real doors, beside the ai service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from igny8.billing import v1 as billing_proto
from igny8.publisher import v1 as publisher_proto
from pydantic import SecretStr

from chassis.identity import Keyring, TokenIssuer
from chassis.testing.serving import SECRET_KEY, Served, serving
from services.billing.passwords import Passwords
from services.billing.servicers.accounts import AccountServicer
from services.billing.servicers.credits import CreditServicer
from services.billing.servicers.prices import PricingServicer
from services.billing.servicers.writer import Writer
from services.billing.settings import BillingSettings
from services.publisher.servicers.pipeline import PipelineServicer
from services.publisher.servicers.planner import PlannerServicer
from services.publisher.servicers.sites import SiteServicer
from services.publisher.servicers.writer import WriterServicer
from tests.billing.books import Billing
from tests.publisher.newsroom import SEALER, Newsroom


@asynccontextmanager
async def billing_served(billing: Billing, *, capture_beyond_hold: bool) -> AsyncIterator[Served]:
    """Billing behind its real doors."""
    parts = billing.transactions, billing.clock
    writer = Writer(*parts)
    settings = BillingSettings(
        secret_key=SecretStr(SECRET_KEY), database_url=SecretStr("postgresql://unused")
    )
    people = AccountServicer(
        *parts,
        issuer=TokenIssuer(Keyring.from_secret(SECRET_KEY), "billing", billing.clock),
        passwords=_passwords(),
        settings=settings,
        refresh_key=bytes(32),
    )
    async with serving(
        (billing_proto.add_AccountServiceServicer_to_server, people),
        (
            billing_proto.add_CreditServiceServicer_to_server,
            CreditServicer(*parts, writer=writer, capture_beyond_hold=capture_beyond_hold),
        ),
        (billing_proto.add_PricingServiceServicer_to_server, PricingServicer(*parts)),
        service="billing",
        clock=billing.clock,
    ) as served:
        yield served
    await asyncio.to_thread(writer.close)


@asynccontextmanager
async def publisher_served(newsroom: Newsroom) -> AsyncIterator[Served]:
    """Publisher behind its real doors."""
    parts = newsroom.transactions, newsroom.clock
    writer = WriterServicer(*parts, wake_scheduler=_nothing)
    pipeline = PipelineServicer(*parts, wake_scheduler=_nothing)
    async with serving(
        (publisher_proto.add_SiteServiceServicer_to_server, SiteServicer(*parts, sealer=SEALER, targets={})),
        (publisher_proto.add_PlannerServiceServicer_to_server, PlannerServicer(*parts)),
        (publisher_proto.add_WriterServiceServicer_to_server, writer),
        (publisher_proto.add_PipelineServiceServicer_to_server, pipeline),
        service="publisher",
        clock=newsroom.clock,
    ) as served:
        yield served


@cache
def _passwords() -> Passwords:
    """Made once: to make them slow to guess takes time."""
    return Passwords()


def _nothing() -> None:
    """No scheduler is at work."""

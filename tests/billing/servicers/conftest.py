"""Billing behind a real gRPC server, called by stubs with tokens."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from igny8.billing import v1 as billing_proto
from pydantic import SecretStr

from chassis.identity import Keyring, TokenIssuer
from chassis.testing.serving import SECRET_KEY, Served, serving
from services.billing.passwords import Passwords
from services.billing.servicers.accounts import AccountServicer
from services.billing.servicers.audit import AuditServicer
from services.billing.servicers.credits import CreditServicer
from services.billing.servicers.prices import PricingServicer
from services.billing.servicers.writer import Writer
from services.billing.settings import BillingSettings
from tests.billing.books import Billing
from tests.billing.servicers.calls import Calls


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def settings() -> BillingSettings:
    return BillingSettings(
        secret_key=SecretStr(SECRET_KEY),
        database_url=SecretStr("postgresql://unused"),
        signup_credits=25,
    )


@pytest.fixture
async def served(billing: Billing, passwords: Passwords, settings: BillingSettings) -> AsyncIterator[Served]:
    issuer = TokenIssuer(Keyring.from_secret(SECRET_KEY), "billing", billing.clock)
    transactions, clock = billing.transactions, billing.clock
    writer = Writer(transactions, clock)
    async with serving(
        (
            billing_proto.add_AccountServiceServicer_to_server,
            AccountServicer(
                transactions,
                clock,
                issuer=issuer,
                passwords=passwords,
                settings=settings,
                refresh_key=bytes(32),
            ),
        ),
        (
            billing_proto.add_CreditServiceServicer_to_server,
            CreditServicer(transactions, clock, writer=writer),
        ),
        (billing_proto.add_PricingServiceServicer_to_server, PricingServicer(transactions, clock)),
        (billing_proto.add_AuditServiceServicer_to_server, AuditServicer(transactions)),
        service="billing",
        clock=clock,
    ) as running:
        yield running
    await asyncio.to_thread(writer.close)


@pytest.fixture
def calls(served: Served, billing: Billing) -> Calls:
    return Calls(served, billing.clock)

"""A gateway before the real billing: people who sign up and sign in, with a browser's cookies."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from igny8.billing import v1 as billing_proto
from pydantic import SecretStr

from chassis.clock import Clock, SystemClock
from chassis.identity import Caller, TokenIssuer
from chassis.nats import Bus
from chassis.testing.serving import SECRET_KEY, Served, serving
from chassis.transaction import Transactions
from gateway.operations import descriptor_set, product_files
from gateway.process import Process
from services.billing.convert import encode
from services.billing.passwords import Passwords
from services.billing.servicers.accounts import AccountServicer
from services.billing.servicers.audit import AuditServicer
from services.billing.servicers.credits import CreditServicer
from services.billing.servicers.prices import PricingServicer
from services.billing.servicers.writer import Writer
from services.billing.settings import BillingSettings
from services.billing.store.transaction import BillingTransaction
from tests.gateway.conftest import KEYRING, Running, running
from tests.kit.streams import SessionNats

NOWHERE: Final = "127.0.0.1:1"
"""Where nothing listens."""

SECONDS_MAX: Final = 60.0
"""What a client waits for an answer."""

PASSWORD: Final = "correct horse battery"


@dataclass(frozen=True)
class Front:
    """A gateway and the billing behind it."""

    running: Running
    transactions: Transactions[BillingTransaction]

    @property
    def url(self) -> str:
        return self.running.url

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A client that keeps cookies, as a page of the product has them."""
        return self.program(**{"X-Session": "cookie", **headers})

    def program(self, **headers: str) -> httpx.AsyncClient:
        """A client that is no browser."""
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=SECONDS_MAX, trust_env=False)


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def transactions(transactions_for: Callable[..., Transactions[Any]]) -> Transactions[BillingTransaction]:
    return transactions_for("billing", BillingTransaction, encode=encode, threads=8)


@pytest.fixture
async def billing_server(
    transactions: Transactions[BillingTransaction], passwords: Passwords
) -> AsyncIterator[Served]:
    """Billing's own servicers on a real server and a real database."""
    clock = SystemClock()
    settings = BillingSettings(
        secret_key=SecretStr(SECRET_KEY), database_url=SecretStr("postgresql://unused"), signup_credits=25
    )
    issuer = TokenIssuer(KEYRING, "billing", clock)
    writer = Writer(transactions, clock)
    servers = serving(
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
    )
    async with servers as served:
        yield served
    await asyncio.to_thread(writer.close)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway waits for billing as long as its clients do: a password alone takes seconds on a machine that is busy."""
    monkeypatch.setattr("gateway.operations.DEADLINE_SECONDS_DEFAULT", SECONDS_MAX)
    monkeypatch.setattr("gateway.calls.DEADLINE_SECONDS_MAX", SECONDS_MAX)
    monkeypatch.setattr("gateway.process.EXCHANGE_SECONDS_MAX", SECONDS_MAX)


@pytest.fixture
async def front(
    billing_server: Served,
    transactions: Transactions[BillingTransaction],
    nats_server: SessionNats,
    patience: None,
) -> AsyncIterator[Front]:
    """The product's gateway; of the services behind it only billing is there."""
    described = descriptor_set()

    async def connect() -> Bus:
        return await Bus.connect(nats_server.url, name="gateway")

    process = Process(
        files=product_files(described),
        described=described,
        addresses={
            "billing": billing_server.target,
            "ai": NOWHERE,
            "publisher": NOWHERE,
            "notifications": NOWHERE,
        },
        keyring=KEYRING,
        connect=connect,
    )
    async with running(process) as found:
        yield Front(found, transactions)


async def sign_up(client: httpx.AsyncClient, email: str = "ada@example.com") -> httpx.Response:
    """A new account whose owner is signed in."""
    body = {"account_name": "Garden Ltd", "email": email, "password": PASSWORD, "name": "Ada"}
    answer = await client.post("/api/v1/auth/signup", json=body)
    assert answer.status_code == 201, answer.text
    return answer


def signed_in(caller: Caller, clock: Clock | None = None) -> dict[str, str]:
    """The header of a caller whom billing need not know."""
    return {"Authorization": f"Bearer {TokenIssuer(KEYRING, 'billing', clock).issue(caller)}"}


def csrf(client: httpx.AsyncClient) -> dict[str, str]:
    """The header that a page sends with what changes something."""
    return {"X-CSRF-Token": client.cookies["igny8_csrf"]}

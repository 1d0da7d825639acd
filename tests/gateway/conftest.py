"""A gateway on a real socket before the shelf service on a real gRPC server, with keys and tokens that work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
import pytest

from chassis.errors import remote_refusal
from chassis.identity import Caller, Keyring, TokenIssuer
from chassis.nats import Bus
from chassis.testing import until
from chassis.testing.callers import api_key, person
from chassis.testing.serving import SECRET_KEY, Served, serving
from gateway.__main__ import HttpServer, http_config, listen
from gateway.audit import Deliver
from gateway.feed import STREAMS_PER_ACCOUNT, STREAMS_PER_CALLER
from gateway.process import Process
from tests.gateway.shelf import DESCRIBED, FILES, ShelfServicer, stubs
from tests.kit.streams import SessionNats

KEYRING = Keyring.from_secret(SECRET_KEY)


@dataclass
class Keys:
    """The API keys that billing knows in a test, and how often it was asked."""

    callers: dict[str, Caller] = field(default_factory=lambda: {"igny8_good": api_key()})
    asked: int = 0
    away: bool = False
    """Whether billing cannot be reached."""

    async def exchange(self, key: str) -> str:
        self.asked += 1
        if self.away:
            raise remote_refusal("SERVICE_UNAVAILABLE", "billing is away", service="billing")
        if key not in self.callers:
            raise remote_refusal("CREDENTIALS_REFUSED", "This API key is not valid.", service="billing")
        return TokenIssuer(KEYRING, "billing").issue(self.callers[key])


@dataclass
class Running:
    """A gateway at work."""

    process: Process
    url: str
    server: HttpServer


def bearer(caller: Caller | None = None, *, keyring: Keyring = KEYRING) -> dict[str, str]:
    """The header of a signed-in caller, by default an owner."""
    return {"Authorization": f"Bearer {TokenIssuer(keyring, 'billing').issue(caller or person())}"}


@contextlib.asynccontextmanager
async def running(process: Process) -> AsyncIterator[Running]:
    """Serves a gateway on a free port until the end of the block, then drains it."""
    listener = listen("127.0.0.1", 0)
    server = HttpServer(http_config(process))
    process.start()
    serving_task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield Running(process, f"http://127.0.0.1:{listener.getsockname()[1]}", server)
    finally:
        process.drain()
        server.should_exit = True
        await serving_task
        await process.close()


@pytest.fixture
def servicer() -> ShelfServicer:
    return ShelfServicer()


@pytest.fixture
async def shelf_server(servicer: ShelfServicer) -> AsyncIterator[Served]:
    async with serving((stubs.add_ShelfServiceServicer_to_server, servicer), service="shelf") as served:
        yield served


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def process_for(nats_server: SessionNats, keys: Keys) -> Callable[..., Process]:
    """`process_for(shelf="127.0.0.1:50051")`: a gateway before services at these addresses."""

    async def connect() -> Bus:
        return await Bus.connect(nats_server.url, name="gateway")

    def process(
        *,
        cors_origins: tuple[str, ...] = (),
        requests_per_minute: tuple[int, int] = (0, 0),
        streams: tuple[int, int] = (STREAMS_PER_CALLER, STREAMS_PER_ACCOUNT),
        deliver_audit: Deliver | None = None,
        **addresses: str,
    ) -> Process:
        return Process(
            files=FILES,
            described=DESCRIBED,
            addresses=addresses,
            keyring=KEYRING,
            connect=connect,
            support_url="mailto:help@example.com",
            cors_origins=cors_origins,
            requests_per_minute=requests_per_minute,
            exchange=keys.exchange,
            streams=streams,
            deliver_audit=deliver_audit,
        )

    return process


@pytest.fixture
async def gateway(process_for: Callable[..., Process], shelf_server: Served) -> AsyncIterator[Running]:
    async with running(process_for(shelf=shelf_server.target)) as found:
        yield found


@pytest.fixture
async def client(gateway: Running) -> AsyncIterator[httpx.AsyncClient]:
    """An owner's client of the gateway."""
    async with httpx.AsyncClient(base_url=gateway.url, headers=bearer(), timeout=20) as found:
        yield found


@pytest.fixture
async def stranger(gateway: Running) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a token."""
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as found:
        yield found


@pytest.fixture
async def live(bus: Bus, gateway: Running) -> Running:
    """A gateway that follows the (empty) stream of events."""
    await until(lambda: gateway.process.feed.is_live)
    return gateway

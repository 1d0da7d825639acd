"""The gateway as the process it is: its settings, its start, its end."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from igny8.billing import v1 as billing_proto

from chassis.identity import Keyring
from chassis.nats import Bus
from chassis.testing import until
from gateway.__main__ import listen
from tests.gateway.conftest import bearer
from tests.gateway.product.conftest import NOWHERE
from tests.gateway.product.standins import Held, StandIn
from tests.gateway.sse import listening
from tests.kit.streams import SessionNats

SECRET_KEY = "for the process of these tests only"
ROOT = Path(__file__).parent.parent.parent


def _signed_in() -> dict[str, str]:
    return bearer(keyring=Keyring.from_secret(SECRET_KEY))


def _environment(**settings: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}", **settings}


def test_every_wrong_setting_is_named_in_one_message() -> None:
    environment = _environment(
        IGNY8_SECRET_KEY="short",
        PORT="eighty",
        IGNY8_BILLING_ADDR="billing",
        IGNY8_SUPPORT_URL="javascript:alert(1)",
        IGNY8_CORS_ORIGINS="https://a.example.com,nonsense",
    )

    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 78
    for name in ("IGNY8_SECRET_KEY", "PORT", "IGNY8_BILLING_ADDR", "IGNY8_SUPPORT_URL", "IGNY8_CORS_ORIGINS"):
        assert name in ended.stderr


def test_connections_send_small_answers_at_once() -> None:
    with listen("127.0.0.1", 0) as listener:
        caller = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()

        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1

        accepted.close()
        caller.close()


@pytest.fixture
async def url(nats_server: SessionNats, bus: Bus) -> AsyncIterator[str]:
    """A gateway process without services behind it; it must end well when told to."""
    async with _process(nats_server, billing=NOWHERE) as (_, url):
        yield url


@asynccontextmanager
async def _process(
    nats_server: SessionNats, *, billing: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = _environment(
        IGNY8_SECRET_KEY=SECRET_KEY,
        PORT=str(port),
        IGNY8_NATS_URL=nats_server.url,
        IGNY8_BILLING_ADDR=billing,
        IGNY8_AI_ADDR=NOWHERE,
        IGNY8_PUBLISHER_ADDR=NOWHERE,
        IGNY8_NOTIFICATIONS_ADDR=NOWHERE,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    url = f"http://127.0.0.1:{port}"
    await until(lambda: _has_events(url))
    yield process, url
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(20):
        assert await process.wait() == 0


async def _has_events(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.get(f"{url}/readyz")
        except httpx.TransportError:
            return False
    return bool(answer.json()["dependencies"]["nats"]["status"] == "serving")


async def test_the_process_serves_the_product_and_drains_at_sigterm(url: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers=_signed_in(), timeout=20) as client:
        balance = await client.get("/api/v1/credits/balance")
        reference = await client.get("/", follow_redirects=True)
        unknown = await client.get("/no-such-page")

    async with listening(url, _signed_in(), types="credits") as stream:
        opening = await stream.block()

    assert balance.status_code == 503
    assert balance.json()["metadata"] == {"service": "billing"}
    assert "The igny8 API" in reference.text
    assert unknown.status_code == 404
    assert opening is not None


async def test_a_request_in_flight_is_answered_after_sigterm(nats_server: SessionNats, bus: Bus) -> None:
    billing = StandIn("billing")
    held = Held(billing_proto.GetBalanceResponse(balance=billing_proto.Balance(credits=7)))
    billing.answers["igny8.billing.v1.CreditService.GetBalance"] = held
    await billing.start()
    async with (
        _process(nats_server, billing=billing.target) as (process, url),
        httpx.AsyncClient(base_url=url, headers=_signed_in(), timeout=20) as client,
    ):
        in_flight = asyncio.create_task(client.get("/api/v1/credits/balance"))
        await held.asked.wait()
        process.send_signal(signal.SIGTERM)
        await until(lambda: _is_draining(url))
        held.given.set()
        answer = await in_flight
        # A second signal would be the operator's wish to end at once.
        async with asyncio.timeout(20):
            await process.wait()
    await billing.kill()

    assert answer.status_code == 200
    assert answer.json()["credits"] == 7


async def _is_draining(url: str) -> bool:
    """Whether the gateway says that it drains, or takes nothing new any more."""
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.get(f"{url}/readyz")
        except httpx.TransportError:
            return True
    return bool(answer.json()["status"] == "draining")

"""The service as a process of its own: it says what it lacks, serves, announces what happened, and ends when told."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from igny8.billing import v1 as billing_proto
from nats.aio.msg import Msg

from chassis.channel import Channels
from chassis.clock import SystemClock
from chassis.identity import Keyring
from chassis.nats import Bus
from chassis.service_tokens import ServiceTokens
from chassis.testing import until
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats

ROOT = Path(__file__).parents[2]
SECRET_KEY = "a secret key of the tests, long enough"


@dataclass(frozen=True)
class Process:
    """The running service."""

    running: subprocess.Popen[bytes]
    address: str

    def end(self) -> int:
        """Tells it to end; returns its exit code."""
        self.running.send_signal(signal.SIGTERM)
        return self.running.wait(timeout=30)


@pytest.fixture
def process(database: SessionDatabase, nats_server: SessionNats, bus: Bus, port: int) -> Iterator[Process]:
    dsn = database.dsn("billing")
    database.empty("billing")
    address = f"127.0.0.1:{port}"
    running = subprocess.Popen(
        [sys.executable, "-m", "services.billing"],
        cwd=ROOT,
        env=_environment(
            IGNY8_SECRET_KEY=SECRET_KEY,
            IGNY8_DATABASE_URL=dsn,
            IGNY8_NATS_URL=nats_server.url,
            IGNY8_BILLING_ADDR=address,
            IGNY8_SIGNUP_CREDITS="30",
        ),
    )
    yield Process(running=running, address=address)
    if running.poll() is None:
        running.kill()
        running.wait()


async def test_it_serves_announces_and_ends_when_told(process: Process, bus: Bus) -> None:
    announced: list[Msg] = []

    async def heard(message: Msg) -> None:
        announced.append(message)

    await bus.client.subscribe("igny8.v1.credits.*.granted", cb=heard)
    tokens = ServiceTokens(Keyring.from_secret(SECRET_KEY), "gateway", SystemClock())
    channels = Channels(tokens)
    accounts = channels.stub("billing", process.address, billing_proto.AccountServiceStub)

    async with asyncio.timeout(60):
        # A call waits for its method's deadline only, and a process may take longer to begin.
        await until(lambda: _serves(process), timeout_seconds=50)
        joined = await accounts.SignUp(
            billing_proto.SignUpRequest(
                account_name="Garden Ltd", email="ada@example.com", password="correct horse battery"
            )
        )
        await until(lambda: announced, timeout_seconds=30)
    await channels.close()

    told = orjson.loads(announced[0].data)
    assert (told["account_id"], told["amount"]) == (joined.account.id, 30)
    assert told["balance"]["sequence"] == 1
    assert await asyncio.to_thread(process.end) == 0


def test_it_names_every_setting_it_lacks_and_does_not_start() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "services.billing", "--check"],
        cwd=ROOT,
        env=_environment(IGNY8_SECRET_KEY="too short to use", IGNY8_SIGNUP_CREDITS="-1"),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert checked.returncode == 78
    for named in ("IGNY8_SECRET_KEY", "IGNY8_DATABASE_URL", "IGNY8_SIGNUP_CREDITS"):
        assert named in checked.stderr
    assert "too short to use" not in checked.stderr


async def _serves(process: Process) -> bool:
    async with grpc.aio.insecure_channel(process.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=10, wait_for_ready=True)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _environment(**settings: str) -> dict[str, str]:
    """The environment of the child: this one's without the suite's settings, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IGNY8_")}
    return {**kept, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'gen'}", **settings}

"""Two gateways before the same services: what they are asked at the same instant is decided once."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.ids import new_id
from suite import secrets
from suite.child import ServiceProcess, service_environment
from suite.embedded.ports import LOOPBACK, reserve_port
from suite.embedded.process import last_words, wait_for_exit, wait_until
from suite.rest import Api, ApiRefused
from suite.secrets import kept_api_key
from tests.chaos import topics
from tests.journeys.suites import RunningSuite

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

ROUNDS = 5


@pytest.fixture
def second_gateway(suite: RunningSuite, tmp_path: Path) -> Iterator[str]:
    """The base URL of another gateway process of the same suite."""
    addresses = {f"IGNY8_{name.upper()}_ADDR": address for name, address in suite.stack.grpc.items()}
    with reserve_port() as reserved:
        url = f"http://{LOOPBACK}:{reserved.port}"
        child = ServiceProcess(
            "gateway-2",
            command=[sys.executable, "-m", "gateway"],
            environment=service_environment(
                IGNY8_NATS_URL=suite.stack.nats_url,
                IGNY8_SECRET_KEY=secrets.load_or_make(suite.data_dir).secret_key,
                IGNY8_DATA_DIR=str(suite.data_dir),
                PORT=str(reserved.port),
                **addresses,
            ),
            log=tmp_path / "gateway-2.log",
            ready_url=f"{url}/readyz",
        )
        child.launch()
        assert wait_until(child.is_ready, timeout_seconds=60), last_words(child.log)
        yield url
        assert child.pid is not None
        os.kill(child.pid, signal.SIGTERM)
        assert wait_for_exit(child.pid, timeout_seconds=30)


async def test_of_two_runs_begun_at_once_by_two_gateways_one_is_told_the_other(
    suite: RunningSuite, second_gateway: str
) -> None:
    key = kept_api_key(suite.data_dir, "demo")
    assert key is not None
    async with suite.api() as one, Api(second_gateway, key) as other:
        for number in range(ROUNDS):
            planted = await topics.plant(suite, one, first=4000 + number, count=1)
            path = f"/api/v1/sites/{planted.site_id}/automation/runs"

            ends = await asyncio.gather(
                *(api.post(path, key=new_id()) for api in (one, other)), return_exceptions=True
            )

            (begun,) = [end for end in ends if isinstance(end, dict)]
            (refused,) = [end for end in ends if isinstance(end, ApiRefused)]
            assert (refused.problem["status"], refused.reason) == (409, "RUN_ALREADY_ACTIVE")
            assert refused.problem["metadata"]["run_id"] == begun["run"]["id"]
            await one.post(f"/api/v1/automation/runs/{begun['run']['id']}/cancel")

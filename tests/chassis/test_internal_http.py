"""The operator's port: metrics, alive, ready, and nothing for those who ask badly."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from chassis.internal_http import InternalHttp


class Dependencies:
    """What the port is told."""

    def __init__(self) -> None:
        self.ready = True

    def report(self) -> tuple[bool, dict[str, str]]:
        return self.ready, {"database": "ok" if self.ready else "not migrated", "nats": "ok"}


@pytest.fixture
def dependencies() -> Dependencies:
    return Dependencies()


@pytest.fixture
async def port(dependencies: Dependencies) -> AsyncIterator[int]:
    http = InternalHttp(dependencies.report)
    yield await http.start("127.0.0.1", 0)
    await http.stop()


async def get(port: int, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return await client.get(path)


async def test_metrics_are_in_the_form_of_prometheus(port: int) -> None:
    answer = await get(port, "/metrics")

    assert answer.status_code == 200
    assert "event_loop_lag_seconds" in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


async def test_a_process_that_answers_is_alive(port: int) -> None:
    assert (await get(port, "/healthz")).status_code == 200


async def test_a_ready_process_names_its_dependencies(port: int) -> None:
    answer = await get(port, "/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "dependencies": {"database": "ok", "nats": "ok"}}


async def test_a_process_that_is_not_ready_says_why(port: int, dependencies: Dependencies) -> None:
    dependencies.ready = False

    answer = await get(port, "/readyz")

    assert answer.status_code == 503
    assert answer.json()["dependencies"]["database"] == "not migrated"


async def test_other_paths_and_verbs_are_refused(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert (await client.get("/admin")).status_code == 404
        assert (await client.post("/metrics")).status_code == 405
        assert (await client.head("/metrics")).content == b""


@pytest.mark.parametrize("sent", [b"x" * 100_000, b"GET\r\n\r\n", b"\x00\xff\r\n\r\n"])
async def test_nonsense_ends_the_connection_and_nothing_else(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    try:
        await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        assert len(sent) > 1000
    writer.close()

    assert (await get(port, "/healthz")).status_code == 200


async def test_a_taken_port_is_told(port: int, dependencies: Dependencies) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await InternalHttp(dependencies.report).start("127.0.0.1", port)

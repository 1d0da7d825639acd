"""A whole service: up before its database, serving, telling, consuming, and ended in good order."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import grpc
import httpx
import psutil
import pytest
from igny8.billing import v1 as billing
from pydantic import SecretStr

from chassis.consumer import EventConsumer
from chassis.errors import RemoteRefusal
from chassis.host import Host, StartFailed
from chassis.identity import current_caller
from chassis.nats import Bus
from chassis.settings import ServiceSettings
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID
from chassis.testing.serving import SECRET_KEY
from chassis.transaction import Transaction
from suite.embedded.ports import reserve_port
from tests.chassis import echo
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats

ROOT = Path(__file__).parent.parent.parent
AWAY = "127.0.0.1:1"


class Settings(ServiceSettings):
    service: ClassVar[str] = "billing"


@pytest.fixture
def metrics_port() -> Iterator[int]:
    with reserve_port() as reserved:
        yield reserved.port


@pytest.fixture
def settings(
    database: SessionDatabase, nats_server: SessionNats, bus: Bus, port: int, metrics_port: int
) -> Settings:
    """Those of a service on the session's servers, its tables and the streams empty."""
    dsn = database.dsn("billing")
    database.empty("billing")
    return Settings(
        secret_key=SecretStr(SECRET_KEY),
        database_url=SecretStr(dsn),
        nats_url=SecretStr(nats_server.url),
        billing_addr=f"127.0.0.1:{port}",
        ai_addr=f"127.0.0.1:{port}",
        metrics_port=metrics_port,
        database_connections=4,
    )


def changed(settings: Settings, **values: Any) -> Settings:
    return settings.model_copy(update=values)


def new_host(settings: Settings, **options: Any) -> Host[Transaction]:
    return Host(name="billing", settings=settings, transaction=Transaction, encode=_as_it_is, **options)


def _as_it_is(event: Any) -> Any:
    return event


@contextlib.asynccontextmanager
async def running(host: Host[Transaction]) -> AsyncIterator[asyncio.Task[None]]:
    """Runs the host until the block ends; what it raised by itself is raised here."""
    async with host:
        task = asyncio.create_task(host.run(signals=False))
        try:
            yield task
        finally:
            host.shutdown.ask("the test ends")
            await task


async def served(host: Host[Transaction], task: asyncio.Task[None]) -> None:
    """Waits until it serves; raises what ended it instead."""
    ready = asyncio.create_task(host.ready.wait())
    done, _ = await asyncio.wait({ready, task}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    if task in done:
        task.result()
    assert ready in done, "the service did not become ready"


async def readyz(settings: Settings) -> tuple[int, dict[str, str]]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{settings.metrics_port}/readyz")
    return answer.status_code, answer.json()["dependencies"]


def note_grant(tx: Transaction, *, words: str, account_id: str) -> None:
    tx.record(billing.CreditsGranted(grant_id=words), account_id=account_id)


def recording(host: Host[Transaction]) -> echo.Behaviour:
    """A method that commits an event about its text."""

    async def behave(request: Any, _context: Any) -> Any:
        await host.transactions.run(note_grant, words=request.text, account_id=current_caller().account())
        return echo.Response(text=request.text)

    return behave


def collecting(seen: list[str]) -> EventConsumer[Transaction]:
    def on_granted(_tx: Transaction, event: billing.CreditsGranted, _delivery: Any) -> None:
        seen.append(event.grant_id)

    return EventConsumer(name="billing-test", handlers={billing.CreditsGranted: on_granted})


async def test_a_call_commits_an_event_that_reaches_its_consumer(settings: Settings) -> None:
    host, seen = new_host(settings), list[str]()
    host.add_servicer(*echo.added(echo.EchoServicer(recording(host))))
    host.add_consumer(collecting(seen))

    async with running(host) as task:
        await served(host, task)
        with host.acting_for(ACCOUNT_ID):
            answer = await host.client("billing", echo.Stub).View(echo.Request(text="hello"))
        await until(lambda: seen, timeout_seconds=60)

    assert answer.text == "hello"
    assert seen == ["hello"]


async def test_it_tells_the_operator_that_it_is_ready(settings: Settings) -> None:
    host = new_host(settings)

    async with running(host) as task:
        await served(host, task)

        async def all_ok() -> bool:
            return await readyz(settings) == (200, {"database": "ok", "nats": "ok"})

        await until(all_ok)


async def test_it_starts_before_its_schema_is_migrated_and_serves_once_it_is(settings: Settings) -> None:
    migrated: list[bool] = []
    host = new_host(settings, is_migrated=lambda _applied: bool(migrated))

    async with running(host) as task:
        await until(lambda: host.server.port)

        async def waits() -> bool:
            return await readyz(settings) == (503, {"database": "not migrated", "nats": "waiting"})

        await until(waits)
        assert not host.ready.is_set()
        migrated.append(True)
        await served(host, task)


async def test_it_serves_without_nats_and_the_outbox_keeps_what_was_to_be_said(settings: Settings) -> None:
    without = changed(settings, nats_url=SecretStr(f"nats://{AWAY}"))
    host = new_host(without)
    host.add_servicer(*echo.added(echo.EchoServicer(recording(host))))

    async with running(host) as task:
        await served(host, task)
        with host.acting_for(ACCOUNT_ID):
            await host.client("billing", echo.Stub).View(echo.Request(text="kept"))
        assert await readyz(without) == (200, {"database": "ok", "nats": "waiting"})

    later, seen = new_host(settings), list[str]()
    later.add_consumer(collecting(seen))
    async with running(later):
        await until(lambda: seen, timeout_seconds=60)

    assert seen == ["kept"]


async def test_a_database_that_does_not_come_ends_the_service_with_the_reason(settings: Settings) -> None:
    away = changed(settings, database_url=SecretStr(f"postgresql://nobody@{AWAY}/igny8"))

    async with new_host(away, start_seconds_max=0.5) as host:
        with pytest.raises(StartFailed, match="database of billing"):
            await host.run(signals=False)


async def test_it_can_be_ended_while_it_waits_for_its_database(settings: Settings) -> None:
    away = changed(settings, database_url=SecretStr(f"postgresql://nobody@{AWAY}/igny8"))
    host = new_host(away)

    async with running(host):
        await until(lambda: host.server.port)

    assert not host.ready.is_set()


async def test_a_loop_runs_while_it_serves_and_is_started_again_when_it_fails(settings: Settings) -> None:
    host, runs = new_host(settings), list[float]()

    async def sweep() -> None:
        runs.append(time.monotonic())
        if len(runs) == 1:
            raise ValueError("once")
        await asyncio.Event().wait()

    host.add_task("sweeper", sweep)
    async with running(host) as task:
        await served(host, task)
        await until(lambda: len(runs) == 2)


async def test_the_end_lets_a_call_finish_and_its_event_go_out(settings: Settings) -> None:
    host, seen = new_host(settings), list[str]()
    began, gate = asyncio.Event(), asyncio.Event()
    commit = recording(host)

    async def wait_and_commit(request: Any, context: Any) -> Any:
        began.set()
        await gate.wait()
        return await commit(request, context)

    host.add_servicer(*echo.added(echo.EchoServicer(wait_and_commit)))
    caller = new_host(changed(settings, metrics_port=0))
    async with caller, running(host) as task:
        await served(host, task)
        with caller.acting_for(ACCOUNT_ID):
            call = asyncio.ensure_future(
                caller.client("billing", echo.Stub).Edit(echo.Request(text="last"), timeout=10)
            )
        await began.wait()
        host.shutdown.ask("the test ends")
        await until(lambda: not host.ready.is_set())
        gate.set()
        answer = await call

    later = new_host(settings)
    later.add_consumer(collecting(seen))
    async with running(later):
        await until(lambda: seen, timeout_seconds=60)

    assert answer.text == "last"
    assert seen == ["last"]


async def test_two_services_cannot_listen_at_one_address(settings: Settings) -> None:
    host = new_host(settings)

    async with running(host) as task:
        await served(host, task)
        async with new_host(changed(settings, metrics_port=0)) as second:
            with pytest.raises(Exception, match="Cannot listen"):
                await second.run(signals=False)


PROGRAM = """
from typing import ClassVar
from chassis.host import Host
from chassis.entry import run_service
from chassis.settings import ServiceSettings
from chassis.transaction import Transaction

class Settings(ServiceSettings):
    service: ClassVar[str] = "billing"

async def main(settings):
    async with Host(name="billing", settings=settings, transaction=Transaction, encode=lambda e: e) as host:
        await host.run()

run_service(Settings, main)
"""


@pytest.fixture
def start(settings: Settings) -> Callable[[], subprocess.Popen[str]]:
    """Starts a service as a process of its own."""

    def run() -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={
                "PYTHONPATH": ".:gen",
                "IGNY8_SECRET_KEY": SECRET_KEY,
                "IGNY8_DATABASE_URL": settings.database_url.get_secret_value(),
                "IGNY8_NATS_URL": settings.nats_url.get_secret_value(),
                "IGNY8_BILLING_ADDR": settings.billing_addr,
                "IGNY8_METRICS_PORT": str(settings.metrics_port),
                "LOG_FORMAT": "json",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


async def test_a_process_ends_well_and_soon_at_sigterm_and_logs_no_error(
    settings: Settings, start: Callable[[], subprocess.Popen[str]]
) -> None:
    child = start()

    async def ready() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return (await readyz(settings))[0] == 200
        assert child.poll() is None
        return False

    await until(ready, timeout_seconds=60)
    memory = psutil.Process(child.pid).memory_info().rss / 1024**2
    began = time.monotonic()
    child.send_signal(signal.SIGTERM)
    output, _ = await asyncio.to_thread(child.communicate, timeout=30)

    assert child.returncode == 0, output
    assert time.monotonic() - began < 20
    assert '"level":"error"' not in output
    assert "Traceback" not in output
    assert memory < 110


async def test_a_host_refuses_calls_of_strangers(settings: Settings) -> None:
    host = new_host(settings)
    host.add_servicer(*echo.added(echo.EchoServicer()))

    async with running(host) as task:
        await served(host, task)
        async with grpc.aio.insecure_channel(settings.billing_addr) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await echo.Stub(channel).View(echo.Request(), timeout=5)
        with pytest.raises(RemoteRefusal):
            await host.client("billing", echo.Stub).View(echo.Request())

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED

"""The supervisor starts children that die again, gives up on those that never work, and leaves no orphan."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from chassis.testing import until
from suite.child import ServiceProcess, service_environment
from suite.embedded import process
from suite.embedded.ports import LOOPBACK, reserve_port
from suite.supervisor import ChildFailed, Supervisor

FAKE = str(Path(__file__).with_name("fake_service.py"))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
async def supervisor(said: list[str]) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(say=said.append)
    yield supervisor
    await supervisor.stop(grace_seconds=0.5)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[..., ServiceProcess]]:
    held = contextlib.ExitStack()

    def make(name: str = "fake", *habit: str) -> ServiceProcess:
        port = held.enter_context(reserve_port()).port
        return ServiceProcess(
            name,
            command=[sys.executable, "-I", "-S", FAKE, str(port), *habit],
            environment=service_environment(),
            log=tmp_path / f"{name}.log",
            ready_url=f"http://{LOOPBACK}:{port}/readyz",
        )

    with held:
        yield make


async def test_children_are_ready_when_start_returns(
    supervisor: Supervisor, child: Callable[..., ServiceProcess]
) -> None:
    first, second = child("first"), child("second")

    await supervisor.start(first, second)

    assert first.is_ready()
    assert second.is_ready()
    assert supervisor.pids == {"first": first.pid, "second": second.pid}


async def test_a_child_that_is_killed_is_started_again_and_said(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], said: list[str]
) -> None:
    fake = child()
    await supervisor.start(fake)
    killed = fake.pid
    assert killed is not None

    os.kill(killed, signal.SIGKILL)
    await until(lambda: "fake is ready again." in said)

    assert fake.is_ready()
    assert fake.pid != killed
    assert "fake was ended by SIGKILL after" in said[0]
    assert said[0].endswith("it starts again in 0.2 s.")


async def test_a_child_that_dies_once_while_starting_is_given_another_chance(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], said: list[str], tmp_path: Path
) -> None:
    fake = child("fake", "die-once", str(tmp_path / "died"))

    await supervisor.start(fake)

    assert fake.is_ready()
    assert "fake ended with status 3 after" in said[0]


async def test_the_pause_before_another_start_doubles_and_a_child_that_never_works_is_given_up(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], said: list[str]
) -> None:
    fake = child("fake", "die")

    with pytest.raises(
        ChildFailed, match=r"died 5 times before it was ready(.|\n)*a fault of the fake service"
    ):
        await supervisor.start(fake)

    pauses = [line.rpartition(" again in ")[2] for line in said]
    assert pauses[:4] == ["0.2 s.", "0.4 s.", "0.8 s.", "1.6 s."]


async def test_refused_settings_are_told_at_once_and_not_tried_again(
    supervisor: Supervisor, child: Callable[..., ServiceProcess]
) -> None:
    fake = child("fake", "refuse-settings")

    with pytest.raises(ChildFailed, match=r"fake refuses its settings:\nIGNY8_SECRET_KEY is not set"):
        await supervisor.start(fake)


async def test_a_child_that_is_not_ready_in_time_is_named(
    supervisor: Supervisor, child: Callable[..., ServiceProcess]
) -> None:
    well, slow = child("well"), child("slow", "never-ready")

    with pytest.raises(ChildFailed, match=r"Not ready after 0\.5 s: slow\."):
        await supervisor.start(well, slow, timeout_seconds=0.5)


async def test_children_end_in_the_opposite_order_of_their_start(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    children = [child(name, "note-end", str(notes)) for name in ("server", "billing", "gateway")]
    await supervisor.start(children[0])
    await supervisor.start(*children[1:])

    await supervisor.stop()

    ports = [int(line) for line in notes.read_text().split()]
    assert ports == [fake.port for fake in reversed(children)]


async def test_a_child_that_ignores_the_request_to_end_is_killed_and_that_is_said(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], said: list[str]
) -> None:
    hung, well = child("hung", "ignore-sigterm"), child("well")
    await supervisor.start(hung, well)

    await supervisor.stop(grace_seconds=0.3)

    assert said == ["hung did not end when asked to; it is killed."]
    assert hung.returncode() == -signal.SIGKILL
    assert well.returncode() == 0


async def test_hurry_ends_the_patience(supervisor: Supervisor, child: Callable[..., ServiceProcess]) -> None:
    hung = child("hung", "ignore-sigterm")
    await supervisor.start(hung)
    supervisor.hurry.set()

    began = time.monotonic()
    await supervisor.stop(grace_seconds=30)

    assert time.monotonic() - began < 20
    assert hung.returncode() == -signal.SIGKILL


async def test_a_child_that_waits_for_its_next_start_is_not_started_after_the_stop(
    supervisor: Supervisor, child: Callable[..., ServiceProcess], said: list[str]
) -> None:
    fake = child()
    await supervisor.start(fake)
    assert fake.pid is not None
    os.kill(fake.pid, signal.SIGKILL)
    await until(lambda: bool(said))
    died = fake.pid

    await supervisor.stop()

    assert fake.pid == died


def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path: Path, port: int) -> None:
    script = f"""
import asyncio, sys
from pathlib import Path
from suite.child import ServiceProcess, service_environment
from suite.supervisor import Supervisor

async def main():
    child = ServiceProcess("fake", command=[sys.executable, {FAKE!r}, "{port}", "ignore-sigterm"],
        environment=service_environment(), log=Path({str(tmp_path / "log")!r}), ready_url="http://127.0.0.1:{port}/readyz")
    supervisor = Supervisor(say=print)
    await supervisor.start(child)
    print(child.pid, flush=True)
    await supervisor.watch()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())

        owner.kill()

        assert process.wait_for_exit(pid, timeout_seconds=5)

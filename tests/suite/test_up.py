"""The whole suite comes up on a data folder, with tiny programs in place of the services, and goes down again."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import pytest

from suite import stack, up
from suite.embedded import process
from suite.lock import FolderInUse
from suite.settings import SuiteSettings
from suite.stack import StackFile
from suite.status import of_suite

FAKES = {**dict.fromkeys(up.PROGRAMS, "tests.suite.fake_service"), "gateway": "tests.suite.fake_gateway"}

SUITE = f"""
import asyncio
from pathlib import Path
from suite import up
from suite.settings import SuiteSettings

async def for_ever(running):
    print("ready", flush=True)
    await asyncio.Event().wait()
    return 0

settings = SuiteSettings(data_dir=Path(%r))
raise SystemExit(asyncio.run(up.run(settings, say=lambda _: None, while_running=for_ever, programs={FAKES!r})))
"""


@dataclass(frozen=True)
class Suites:
    """Suites on one data folder, each a process of its own."""

    data_dir: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self) -> subprocess.Popen[str]:
        """Start one and wait until it is ready."""
        child = subprocess.Popen(
            [sys.executable, "-c", SUITE % str(self.data_dir)], stdout=subprocess.PIPE, text=True
        )
        self.started.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    def stop(self) -> None:
        for child in self.started:
            assert child.stdout is not None
            child.stdout.close()
            child.terminate()
            child.wait(timeout=30)


@pytest.fixture
def suites(data_dir: Path) -> Iterator[Suites]:
    """A fresh data folder and the suites a test starts on it."""
    suites = Suites(data_dir)
    yield suites
    suites.stop()


@pytest.fixture(scope="module")
def running() -> Iterator[Suites]:
    """One running suite for the tests that do not end it."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-test-"))
    suites = Suites(outer / "data")
    suites.start()
    yield suites
    suites.stop()
    shutil.rmtree(outer)


def pids_of(data_dir: Path) -> dict[str, int]:
    found = stack.read(data_dir)
    assert found is not None
    return found.pids


def test_while_it_runs_the_stack_file_says_where_everything_is(
    running: Suites,
) -> None:
    found = stack.read(running.data_dir)

    assert found is not None
    assert set(found.grpc) == {"billing", "ai", "notifications", "publisher"}
    assert set(found.pids) == {"supervisor", "postgres", "nats", *FAKES}
    assert found.pids["supervisor"] == running.started[0].pid
    with closing(psycopg2.connect(found.read_only_database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("billing, ai, publisher, notifications",)
    assert {row.name: row.health for row in of_suite(found)} == {
        "supervisor": "running",
        "postgres": "running",
        "nats": "running",
        **dict.fromkeys(FAKES, "ready"),
    }
    assert all(row.uptime_seconds is not None for row in of_suite(found))
    # Root's PostgreSQL is another user's process, which root in a container may not look into.
    assert all(row.memory_bytes for row in of_suite(found) if row.name != "postgres")


def test_sigterm_ends_every_process_and_takes_the_stack_file_away(
    suites: Suites,
) -> None:
    child = suites.start()
    pids = pids_of(suites.data_dir)

    child.terminate()

    assert child.wait(timeout=30) == up.INTERRUPTED
    assert not any(stack.is_running(pid) for pid in pids.values())
    assert not (suites.data_dir / "stack.json").exists()


def test_after_kill_9_nothing_is_left_and_the_next_start_continues(
    suites: Suites,
) -> None:
    killed = suites.start()
    pids = pids_of(suites.data_dir)

    killed.kill()

    assert all(
        process.wait_for_exit(pid, timeout_seconds=10) for name, pid in pids.items() if name != "supervisor"
    )
    suites.start()
    assert not set(pids_of(suites.data_dir).values()) & set(pids.values())


async def test_a_second_suite_on_the_folder_is_refused_and_told_where_the_first_runs(
    running: Suites,
) -> None:
    found = stack.read(running.data_dir)
    assert found is not None

    async def never(_: StackFile) -> int:
        pytest.fail("it came up")

    with pytest.raises(FolderInUse, match=rf"process {running.started[0].pid}\) at {found.gateway_url}"):
        await up.run(SuiteSettings(data_dir=running.data_dir), say=print, while_running=never, programs=FAKES)


@pytest.mark.parametrize("name", ["postgres", "nats", "billing"])
def test_a_process_that_is_killed_is_replaced_and_the_stack_file_follows(running: Suites, name: str) -> None:
    data_dir = running.data_dir
    before = pids_of(data_dir)

    os.kill(before[name], signal.SIGKILL)

    assert process.wait_until(lambda: pids_of(data_dir)[name] != before[name], timeout_seconds=10)
    assert {other: pid for other, pid in pids_of(data_dir).items() if other != name} == {
        other: pid for other, pid in before.items() if other != name
    }


async def test_when_the_work_is_done_the_suite_ends_with_its_status(data_dir: Path) -> None:
    async def work(running: StackFile) -> int:
        assert stack.read(data_dir) == running
        return 3

    status = await up.run(SuiteSettings(data_dir=data_dir), say=print, while_running=work, programs=FAKES)

    assert status == 3
    assert not (data_dir / "stack.json").exists()

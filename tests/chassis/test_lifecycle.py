"""How a process ends: at the first signal in good order, at the second at once."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chassis.lifecycle import EXIT_AT_ONCE, Shutdown

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_the_process_to_end(number: signal.Signals) -> None:
    shutdown = Shutdown()

    with shutdown.on_signals():
        os.kill(os.getpid(), number)
        asked = await shutdown.wait(timeout_seconds=5)

    assert asked
    assert shutdown.reason == number.name


async def test_nobody_asking_is_found_out_in_the_time_given() -> None:
    assert not await Shutdown().wait(timeout_seconds=0.01)


async def test_the_first_reason_stands() -> None:
    shutdown = Shutdown()

    shutdown.ask("first")
    shutdown.ask("second")

    assert await shutdown.wait()
    assert shutdown.reason == "first"


PROGRAM = """
import asyncio
from chassis.lifecycle import Shutdown

async def main():
    shutdown = Shutdown()
    with shutdown.on_signals():
        print("ready", flush=True)
        await shutdown.wait()
        print("draining", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_second_signal_does_not_wait_for_anything() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PYTHONPATH": ".:gen"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child, child.stdout as output:
        assert output.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert output.readline() == "draining\n"

        child.send_signal(signal.SIGTERM)

        assert child.wait(timeout=10) == EXIT_AT_ONCE


async def test_signals_are_given_back_at_the_end() -> None:
    with Shutdown().on_signals():
        pass

    assert not asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

"""A program that is told to end leaves what it entered, however often it is told."""

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, contextlib
from tests.kit.ending import leave_when_told

@contextlib.contextmanager
def outer():
    try:
        yield
    finally:
        print("left the outer block", flush=True)

async def main():
    try:
        print("entered", flush=True)
        await asyncio.Event().wait()
    finally:
        print("leaving the inner block", flush=True)
        await asyncio.to_thread(input)
        print("left the inner block", flush=True)

leave_when_told()
with outer():
    asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_told_twice_to_end_leaves_every_block_once(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "entered\n"
        child.send_signal(number)
        assert child.stdout.readline() == "leaving the inner block\n"
        child.send_signal(number)

        said, _ = child.communicate("\n", timeout=60)

    assert said.splitlines() == ["left the inner block", "left the outer block"]
    assert child.returncode == 128 + number

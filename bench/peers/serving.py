"""Starts the peers, each as processes of its own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.peers import python_of
from suite.embedded.ports import reserve_port

ROOT: Final = Path(__file__).parents[2]
PROCESSES: Final = 2
"""As many as ours that answer: the gateway and the service behind it."""

THREADS: Final = 4
"""Each with a connection of its own: as many as the services have."""

START_SECONDS_MAX: Final = 30.0


@contextlib.contextmanager
def bare(answer: bytes) -> Iterator[int]:
    """The port of a bare application that answers these bytes."""
    with (
        _saying_port("nothing") as nothing,
        _saying_port("app", f"127.0.0.1:{nothing}", answer.decode()) as port,
    ):
        yield port


@contextlib.contextmanager
def drf(database_url: str, say: Callable[[str], None]) -> Iterator[int]:
    """The port of the Django REST framework application, on the schema `peer` of that database."""
    python = python_of("drf", say)
    with reserve_port() as reserved:
        process = subprocess.Popen(
            [
                str(python.with_name("gunicorn")),
                f"--bind=127.0.0.1:{reserved.port}",
                f"--workers={PROCESSES}",
                "--worker-class=gthread",
                f"--threads={THREADS}",
                "--keep-alive=60",
                "--log-level=warning",
                "bench.peers.drf.wsgi",
            ],
            cwd=ROOT,
            env=os.environ | {"PEER_DATABASE_URL": database_url},
        )
        try:
            _wait_for(reserved.port, process)
            yield reserved.port
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def _saying_port(*arguments: str) -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.peers.bare", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.communicate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        assert process.poll() is None, "the peer ended while starting"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the peer does not answer"
            time.sleep(0.05)
        else:
            return

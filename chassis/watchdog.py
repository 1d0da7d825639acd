"""Frees database connections whose server has stopped answering: psycopg2 would wait on them for ever."""

import contextlib
import os
import socket
import threading
import time
from dataclasses import dataclass

from prometheus_client import Counter

KILLS = Counter(
    "db_watchdog_kills_total", "Database connections shut down because they passed their deadline."
)


@dataclass(slots=True, eq=False)
class Guarded:
    """The socket of one database connection, and until when the work on it must be over."""

    line: socket.socket
    deadline: float | None = None
    expired: bool = False

    def arm(self, seconds: float) -> None:
        """From now on the work must be over within so many seconds."""
        self.expired = False
        self.deadline = time.monotonic() + seconds
        watchdog.tend(self)

    def disarm(self) -> None:
        """The work is over."""
        self.deadline = None

    def close(self) -> None:
        """The connection is gone."""
        self.deadline = None
        watchdog.forget(self)
        self.line.close()


def guard(file_descriptor: int) -> Guarded:
    """Guards a connection by its socket.

    The descriptor is duplicated: libpq closes its own when the server goes, and another thread's new
    connection may then have the same number.
    """
    return Guarded(socket.socket(fileno=os.dup(file_descriptor)))


class Watchdog:
    """One thread for the process that shuts the socket of every guarded connection past its deadline."""

    def __init__(self, *, interval_seconds: float = 0.25) -> None:
        self._interval_seconds = interval_seconds
        self._guarded: set[Guarded] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def tend(self, guarded: Guarded) -> None:
        if guarded in self._guarded:
            return
        with self._lock:
            self._guarded.add(guarded)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="database-watchdog", daemon=True)
                self._thread.start()

    def forget(self, guarded: Guarded) -> None:
        with self._lock:
            self._guarded.discard(guarded)

    def _run(self) -> None:
        while True:
            time.sleep(self._interval_seconds)
            now = time.monotonic()
            with self._lock:
                late = [each for each in self._guarded if each.deadline is not None and each.deadline < now]
                for guarded in late:
                    _shut(guarded)


def _shut(guarded: Guarded) -> None:
    guarded.deadline = None
    guarded.expired = True
    # The other side may have closed it in the same moment.
    with contextlib.suppress(OSError):
        guarded.line.shutdown(socket.SHUT_RDWR)
    KILLS.inc()


watchdog = Watchdog()

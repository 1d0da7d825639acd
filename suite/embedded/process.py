"""Processes that die with us: starting them, recognising them later, and ending them."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAP_SETUID = 7


class ServerFailed(Exception):
    """A server did not start, did not become ready in time, or ended by itself; the message has its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAs:
    """The user a child runs as, and the capabilities (a Linux bit mask) it keeps beside that."""

    uid: int
    gid: int
    capabilities: int = 0


def start(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    death_signal: signal.Signals = signal.SIGKILL,
    run_as: RunAs | None = None,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own, its output appended to `log`.

    The kernel sends it `death_signal` when the calling *thread* ends (prctl(2), PR_SET_PDEATHSIG), so call this
    from the main thread only. `command[0]` must be an absolute path.
    """
    user = run_as or RunAs(uid=-1, gid=-1)
    with open(log, "ab", opener=_private) as output:
        return subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(_LAUNCH),
                *(str(n) for n in (os.getpid(), int(death_signal), user.uid, user.gid, user.capabilities)),
                *command,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float) -> bool:
    """Look at `condition` every 10 ms until it holds; False when it still does not after the time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def wait_for_exit(pid: int, *, timeout_seconds: float) -> bool:
    """Wait for any process, our child or not, to end; True when it has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        readable, _, _ = select.select([descriptor], [], [], timeout_seconds)
        return bool(readable)
    finally:
        os.close(descriptor)


def end(pid: int, *, by: signal.Signals, grace_seconds: float, then: signal.Signals = signal.SIGKILL) -> bool:
    """Send `by`, and `then` when the process is still there after the grace; True when `by` was enough."""
    for sent, patience_seconds in ((by, grace_seconds), (then, 5.0)):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return True
        if wait_for_exit(pid, timeout_seconds=patience_seconds):
            return sent is by
    raise ServerFailed(f"Process {pid} is still there after {then.name}.")


def processes_running(program: str, *, argument: str) -> list[int]:
    """Ids of the processes that run the program of that name with that argument.

    It reads command lines and not /proc/…/exe, which root may not read of other users' processes in a container.
    """
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _runs(entry, program, argument)
    ]


def _runs(entry: Path, program: str, argument: str) -> bool:
    try:
        words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return Path(words[0]).name == program and argument in words


def last_words(log: Path, *, lines: int = 12) -> str:
    """The end of a log, for the message about a server that failed."""
    if not log.exists():
        return "(it wrote no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

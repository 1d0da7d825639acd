"""How the processes of a running suite are: read from `stack.json`, their /readyz and /proc."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from suite.child import answers_ok
from suite.stack import StackFile, is_running


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStatus:
    """One row of `igny8 status`."""

    name: str
    pid: int
    health: str
    """`ready`, `not ready`, `running` (it has no readiness to ask) or `dead`."""

    uptime_seconds: float | None
    memory_bytes: int | None
    """Proportional set size: shared pages counted by their share; of PostgreSQL all processes together.
    None where the kernel does not let us look."""


def of_suite(stack: StackFile) -> list[ProcessStatus]:
    """One status per process of the suite."""
    return [_of_process(stack, name, pid) for name, pid in stack.pids.items()]


def _of_process(stack: StackFile, name: str, pid: int) -> ProcessStatus:
    return ProcessStatus(
        name=name,
        pid=pid,
        health=_health(stack, name, pid),
        uptime_seconds=_uptime_seconds(pid),
        memory_bytes=_memory_bytes([pid, *(_children_of(pid) if name == "postgres" else [])]),
    )


def _health(stack: StackFile, name: str, pid: int) -> str:
    if not is_running(pid):
        return "dead"
    base = stack.gateway_url if name == "gateway" else stack.metrics.get(name)
    if base is None:
        return "running"
    url = urlsplit(base)
    return "ready" if answers_ok(url.hostname or "", url.port or 80, "/readyz") else "not ready"


def _uptime_seconds(pid: int) -> float | None:
    try:
        # The program's name, in brackets, may hold spaces; what counts begins after it (proc(5), field 22).
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        since_boot = float(Path("/proc/uptime").read_text().split()[0])
    except OSError:
        return None
    return since_boot - int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _memory_bytes(pids: list[int]) -> int | None:
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            return None
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


def _children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []

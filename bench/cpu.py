"""Processor time of a running suite, by process, from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def seconds_by_process(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor seconds so far of each process, with its children: those it has had, and those that live."""
    return {name: _seconds(pid) for name, pid in pids.items()}


def _seconds(pid: int) -> float:
    # After the program's name, which may hold spaces; utime, stime and the same of children waited for (proc(5)).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / _TICKS_A_SECOND
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_seconds_if_alive(int(child)) for child in children)


def _seconds_if_alive(pid: int) -> float:
    try:
        return _seconds(pid)
    except OSError:
        return 0.0

"""The whole suite as a person meets it: how long the demo and a start take, and what the idle processes weigh."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.result import Result
from suite.status import of_suite
from suite.up import PROGRAMS
from tests.journeys.suites import RunningSuite, environment_of, running

DEMO_SECONDS_CEILING: Final = 45.0
READY_SECONDS_CEILING: Final = 8.0
MEMORY_MB_CEILING: Final = 900.0
STARTS: Final = 3
IDLE_SECONDS: Final = 10.0
"""So long after its start a suite is measured: what a start needs for a moment is then given back."""

KEYWORDS: Final = Path(__file__).parents[1] / "examples" / "keywords.csv"


def results(say: Callable[[str], None]) -> list[Result]:
    """On a new data folder: the demo first, then starts on what it left."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-bench-"))
    # Root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    try:
        demo = _demo_seconds(outer / "data")
        say(f"demo: {demo:.1f} s")
        ready: list[float] = []
        memory: list[float] = []
        for _ in range(STARTS):
            began = time.perf_counter()
            with running(outer / "data") as suite:
                ready.append(time.perf_counter() - began)
                time.sleep(IDLE_SECONDS)
                memory.append(_memory_mb(suite))
            say(f"ready after {ready[-1]:.2f} s; {memory[-1]:.0f} MB idle")
    finally:
        shutil.rmtree(outer)
    return [
        Result(
            name="demo, installed, no data yet",
            unit="s",
            ours=demo,
            runs=(demo,),
            ceiling=DEMO_SECONDS_CEILING,
        ),
        Result(
            name="suite ready, existing data",
            unit="s",
            ours=statistics.median(ready),
            runs=tuple(ready),
            ceiling=READY_SECONDS_CEILING,
        ),
        Result(
            name="memory of our idle processes (PSS)",
            unit="MB",
            ours=statistics.median(memory),
            runs=tuple(memory),
            ceiling=MEMORY_MB_CEILING,
        ),
    ]


def _demo_seconds(data_dir: Path) -> float:
    """`igny8 demo` from its first instruction to its end. Raises AssertionError when it does not end well."""
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "suite.cli", "demo", str(KEYWORDS)],
        env=environment_of(data_dir),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return time.perf_counter() - began


def _memory_mb(suite: RunningSuite) -> float:
    """Supervisor, services, worker and gateway together; without PostgreSQL and NATS."""
    weights = {row.name: row.memory_bytes for row in of_suite(suite.stack)}
    ours = [weights[name] for name in ("supervisor", *PROGRAMS)]
    readable = [weight for weight in ours if weight is not None]
    assert len(readable) == len(ours), "smaps_rollup of our own processes can be read"
    return sum(readable) / 1e6

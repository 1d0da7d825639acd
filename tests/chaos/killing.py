"""kill -9 of processes of a suite, and what was in flight in them."""

import asyncio
import contextlib
import os
import random
import signal
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.topics import asked
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside

_UNJOURNALLED: Final = """
    SELECT i.label FROM ai.task_item i
    LEFT JOIN ai.run_item r ON r.ai_task_id = i.task_id
    JOIN ai.job_lease l ON l.subject_id = coalesce(r.id, i.task_id)
    WHERE i.status = 'pending' AND l.owner LIKE %(owner)s"""


@dataclass(kw_only=True)
class WorkerKills:
    """Kills workers, and notes each call whose answer died with one: asked for, and not journalled."""

    suite: RunningSuite
    outside: Outside
    done: int = 0
    lost: set[tuple[str, int]] = field(default_factory=set)
    """Topic, and which call about it."""

    def kill(self, name: str) -> int:
        """Kills the process; returns how many calls were in flight in it."""
        pid = kill(self.suite, name)
        # Nobody else takes its work before its leases run out, so what it left is still to be seen.
        lost = self._asked_for_by(pid) - self.lost
        self.lost |= lost
        self.done += 1
        return len(lost)

    def in_flight(self, name: str) -> int:
        """Calls of the process that were not answered yet, or whose answer is not journalled."""
        return len(self._asked_for_by(self.suite.stack.pids[name]) - self.lost)

    def _asked_for_by(self, pid: int) -> set[tuple[str, int]]:
        calls = asked(self.outside)
        left = self.suite.rows(_UNJOURNALLED, owner=f"%:{pid}")
        return {(row["label"], calls[row["label"]]) for row in left if calls[row["label"]]}

    def repeated_without_a_kill(self) -> dict[str, int]:
        """Topics that were asked about more often than once and once more for each call that was lost."""
        lost = [topic for topic, _ in self.lost]
        return {topic: calls for topic, calls in asked(self.outside).items() if calls > 1 + lost.count(topic)}


def kill(suite: RunningSuite, name: str) -> int:
    """SIGKILL to the process as it is running now; returns its id."""
    pid = suite.stack.pids[name]
    # It may be the one killed before, which is about to start again.
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return pid


async def some_moment(chance: random.Random, *, within_seconds: float) -> None:
    """Lets a random part of that time pass: a fault comes when it comes, there is nothing to wait for."""
    await asyncio.sleep(chance.uniform(0, within_seconds))

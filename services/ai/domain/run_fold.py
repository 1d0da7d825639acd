"""The fold of a run's events: what GetRun says, made by a subscriber from the stream alone.

Runs are as the events and GetRun carry them, in their JSON form. Each event holds the whole run, so a subscriber may
start at any of them, hear one twice or late, and still have the same totals.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.ai.domain.run_clock import Clock, StageLeft, time_left

RunShown = Mapping[str, Any]
"""A run as events and GetRun carry it."""


def fold(shown: RunShown | None, event: Mapping[str, Any]) -> RunShown:
    """The run after an event that carries one; one that is not newer than what is shown changes nothing.

    Raises ValueError for an event of another run.
    """
    run: RunShown = event["run"]
    if shown is None:
        return run
    if run["id"] != shown["id"]:
        raise ValueError(f"the event is of run {run['id']}, not of {shown['id']}")
    return run if run["sequence"] > shown["sequence"] else shown


def at(shown: RunShown, now: datetime) -> RunShown:
    """The run as GetRun shows it at this instant: the time that has passed since the event is counted in."""
    clock = Clock(
        created_at=_instant(shown["created_at"]),
        finished_at=_maybe_instant(shown["finished_at"]),
        paused_at=_maybe_instant(shown["paused_at"]),
        paused_seconds=shown["paused_seconds"],
    )
    left = None
    if shown["status"] == "running":
        left = time_left(
            [
                StageLeft(
                    stage["total"], stage["done"] + stage["failed"] + stage["skipped"], stage["expected"]
                )
                for stage in shown["stages"]
            ],
            active_seconds=clock.active_seconds(now),
            expected_seconds=shown["expected_seconds"],
        )
    return {
        **shown,
        "elapsed_seconds": clock.elapsed_seconds(now),
        "seconds_left": left.seconds if left else None,
        "seconds_left_basis": left.basis if left else "",
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe_instant(text: str | None) -> datetime | None:
    return _instant(text) if text else None

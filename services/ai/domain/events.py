"""What the ai service announces, and the work it hands out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ai.domain.planned_run import PlannedRun
from services.ai.domain.run import Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.task import AiTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted:
    """An execution was written down and begins."""

    task: AiTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgressed:
    """An item of an execution ended, or it was asked to stop."""

    task: AiTask


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """An execution ended: well, with no item done, or because it was cancelled."""

    task: AiTask


class RunMove(StrEnum):
    """What happened to a run."""

    STARTED = "started"
    PROGRESSED = "progressed"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSnapshot:
    """A run with the items around the present, as people see it; the one source of GetRun and of the events."""

    run: Run
    now_at: datetime
    now: tuple[RunItem, ...] = ()
    next: tuple[RunItem, ...] = ()
    last: tuple[RunItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoved:
    """Something happened to a run; the snapshot is whole, so the newest event tells all."""

    move: RunMove
    snapshot: RunSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRunSkipped:
    """A site's schedule planned a run that was not started."""

    planned: PlannedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteTask:
    """Work for a worker: an execution that was started by hand."""

    task_id: str
    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteRunItem:
    """Work for a worker: one item of a run."""

    run_item_id: str
    account_id: str

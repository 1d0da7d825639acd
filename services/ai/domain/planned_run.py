"""A run that a site's schedule planned: started, or skipped with the reason."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self


class PlannedStatus(StrEnum):
    """How a planned run stands. It moves once, from waiting to one of the others."""

    WAITING = "waiting"
    STARTED = "started"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One planned instant of one site. There is one row of it at most, whoever claims it."""

    id: str
    account_id: str
    site_id: str
    planned_at: datetime
    created_at: datetime
    updated_at: datetime
    missed: int = 0
    """Planned instants before it that passed while nobody was there; this run stands for them too."""
    status: PlannedStatus = PlannedStatus.WAITING
    run_id: str | None = None
    """The run that was started, or the one that was in the way."""
    reason: str = ""
    """Of the error catalogue, when it was skipped."""
    detail: str = ""
    """Why it was skipped, for people."""

    def started(self, run_id: str, *, now: datetime) -> Self:
        return replace(self, status=PlannedStatus.STARTED, run_id=run_id, updated_at=now)

    def skipped(self, *, reason: str, detail: str, run_id: str | None, now: datetime) -> Self:
        return replace(
            self,
            status=PlannedStatus.SKIPPED,
            reason=reason,
            detail=detail,
            run_id=run_id,
            updated_at=now,
        )

"""A site's automation settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Self

from services.ai.domain.schedule import Due, Schedule
from services.ai.domain.stages import BATCHED, DEFAULTS, Stage, StageConfig

SNAPSHOT_INPUTS_MAX: Final = 10_000
"""Inputs of one stage that a run takes from what waits at its start, where its limit is not lower."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationConfig:
    """What a run of the site does, and within which limits. Without a saved one, the defaults hold."""

    site_id: str
    stages: Mapping[Stage, StageConfig] = field(default_factory=lambda: dict(DEFAULTS))
    max_credits_per_run: int = 0
    """A run stops at this many credits; 0 means no limit."""
    max_in_article_images: int = 2
    text_model: str = ""
    """Empty means the platform's default."""
    image_model: str = ""
    scheduled: bool = False
    """Whether runs start by the schedule."""
    schedule: Schedule = field(default_factory=Schedule)
    planned_from: datetime | None = None
    """Planned instants after this one count; those before it were claimed, or are older than the schedule."""
    next_run_at: datetime | None = None
    """The next planned instant (UTC); None while nothing is scheduled."""
    version: int = 0
    """Counts the saves; 0 while only the defaults hold."""

    @property
    def etag(self) -> str:
        return f"v{self.version}"

    @property
    def enabled(self) -> frozenset[Stage]:
        return frozenset(stage for stage, settings in self.stages.items() if settings.enabled)

    def batch_size(self, stage: Stage) -> int:
        """Inputs of one item of a stage, at most."""
        return self.stages[stage].batch_size if stage in BATCHED else 1

    def snapshot_limit(self, stage: Stage) -> int:
        """At most so much of what waits for a stage is taken by a run that starts."""
        return min(self.stages[stage].max_items_per_run or SNAPSHOT_INPUTS_MAX, SNAPSHOT_INPUTS_MAX)

    def planned(self, *, before: Self, now: datetime) -> Self:
        """These settings with their next run. A schedule that did not change keeps what it has not claimed yet."""
        if not self.scheduled:
            return replace(self, planned_from=None, next_run_at=None)
        unchanged = before.scheduled and before.schedule == self.schedule
        since = (before.planned_from if unchanged else None) or now
        return replace(self, planned_from=since, next_run_at=self.schedule.next_after(since))

    def in_zone(self, time_zone: str) -> Self:
        """These settings on another clock: the local times stay, the instants move."""
        if self.schedule.time_zone == time_zone:
            return self
        moved = replace(self, schedule=replace(self.schedule, time_zone=time_zone))
        if moved.planned_from is None:
            return moved
        return replace(moved, next_run_at=moved.schedule.next_after(moved.planned_from))

    def claim(self, *, now: datetime) -> tuple[Self, Due | None]:
        """The settings with their next run after `now`, and the planned instant that is due; None when there is none."""
        if self.planned_from is None:
            return self, None
        due = self.schedule.due(after=self.planned_from, now=now)
        if due is None:
            return self, None
        following = self.schedule.next_after(now)
        return replace(self, planned_from=due.planned_at, next_run_at=following), due

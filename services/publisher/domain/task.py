"""An article to be written."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import StaleEtag
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.idea import Idea
from services.publisher.domain.item import PipelineItem, etag_of, wrong_move


class TaskStatus(StrEnum):
    """queued > in_progress > completed | failed."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


_WAY_OUT = {
    TaskStatus.IN_PROGRESS: "Wait until it is written.",
    TaskStatus.COMPLETED: "Edit or delete the content it has.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskText:
    """What people change of a task; `word_count` is the target, in words."""

    title: str
    brief: str
    content_type: ContentType
    content_structure: ContentStructure
    target_keywords: tuple[str, ...]
    word_count: int


_TEXT = tuple(field.name for field in fields(TaskText))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(PipelineItem):
    """Completed when its content is saved. `word_count` is the target, in words; `content_id` what was written."""

    idea_id: str | None = None
    cluster_id: str | None = None
    title: str
    brief: str = ""
    content_type: ContentType = ContentType.POST
    content_structure: ContentStructure = ContentStructure.ARTICLE
    target_keywords: tuple[str, ...] = ()
    word_count: int = 0
    status: TaskStatus = TaskStatus.QUEUED
    error: str = ""
    content_id: str | None = None

    @classmethod
    def of(cls, idea: Idea, *, id: str, now: datetime) -> Self:
        """The task that an idea becomes."""
        return cls(
            id=id,
            account_id=idea.account_id,
            site_id=idea.site_id,
            sector_id=idea.sector_id,
            created_at=now,
            updated_at=now,
            idea_id=idea.id,
            cluster_id=idea.cluster_id,
            title=idea.title,
            brief=idea.description,
            content_type=idea.content_type,
            content_structure=idea.content_structure,
            target_keywords=idea.target_keywords,
            word_count=idea.estimated_word_count,
        )

    @property
    def etag(self) -> str:
        return etag_of(*(str(getattr(self, name)) for name in _TEXT))

    def edit(self, text: "TaskText", *, etag: str, now: datetime) -> Self:
        """Another text of a task that nobody writes yet. StaleEtag when somebody saved after `etag` was read."""
        edited = replace(self, **{name: getattr(text, name) for name in _TEXT})
        if edited == self:
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="task", etag=self.etag)
        if self.status not in (TaskStatus.QUEUED, TaskStatus.FAILED):
            raise wrong_move("task", state=self.status, cannot="edited", way_out=_WAY_OUT[self.status])
        return replace(edited, updated_at=now)

    def check_deletable(self) -> None:
        """StateConflict for a task that is being written or has content."""
        if self.status is TaskStatus.IN_PROGRESS or self.content_id is not None:
            raise wrong_move(
                "task", state=self.status, cannot="deleted", way_out=_WAY_OUT[self.status], id=self.id
            )

    def lost_content(self, *, now: datetime) -> Self:
        """Its content was deleted. It stays completed, so that no run writes again what a person took away."""
        return replace(self, content_id=None, updated_at=now)

    def start(self, *, now: datetime) -> Self:
        """Writing began; a redelivered start is a quiet success, and a failed task may start again."""
        if self.status is TaskStatus.IN_PROGRESS:
            return self
        if self.status is TaskStatus.COMPLETED:
            raise wrong_move("task", state=self.status, cannot="started", way_out="Open the content it has.")
        return replace(self, status=TaskStatus.IN_PROGRESS, error="", updated_at=now)

    def complete(self, *, content_id: str, now: datetime) -> Self:
        """The content is saved, by whatever road: one that comes late counts too."""
        if self.status is TaskStatus.COMPLETED:
            raise wrong_move(
                "task", state=self.status, cannot="given other content", way_out="Edit the content it has."
            )
        return replace(self, status=TaskStatus.COMPLETED, error="", content_id=content_id, updated_at=now)

    def fail(self, error: str, *, now: datetime) -> Self:
        """Writing ended without content. A failure that arrives after the content does not undo it,
        and the first of two is kept."""
        if self.status in (TaskStatus.COMPLETED, TaskStatus.FAILED):
            return self
        return replace(self, status=TaskStatus.FAILED, error=error, updated_at=now)

    def requeue(self, *, now: datetime) -> Self:
        """Put a failed task back, to be tried again."""
        if self.status is not TaskStatus.FAILED:
            raise wrong_move(
                "task", state=self.status, cannot="tried again", way_out="Only failed tasks can."
            )
        return replace(self, status=TaskStatus.QUEUED, error="", updated_at=now)

"""An idea for an article of a cluster."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import StaleEtag
from services.publisher.domain.content_form import ContentStructure, ContentType
from services.publisher.domain.item import PipelineItem, etag_of, wrong_move


class IdeaStatus(StrEnum):
    """new > queued > completed."""

    NEW = "new"
    QUEUED = "queued"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaText:
    """What people change of an idea; `estimated_word_count` in words."""

    title: str
    description: str
    content_type: ContentType
    content_structure: ContentStructure
    target_keywords: tuple[str, ...]
    estimated_word_count: int


_TEXT = tuple(field.name for field in fields(IdeaText))


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea(PipelineItem):
    """Queued when it has a task, completed when the task has content."""

    cluster_id: str | None = None
    title: str
    description: str = ""
    content_type: ContentType = ContentType.POST
    content_structure: ContentStructure = ContentStructure.ARTICLE
    target_keywords: tuple[str, ...] = ()
    estimated_word_count: int = 0
    status: IdeaStatus = IdeaStatus.NEW

    @property
    def etag(self) -> str:
        return etag_of(*(str(getattr(self, name)) for name in _TEXT))

    def edit(self, text: "IdeaText", *, etag: str, now: datetime) -> Self:
        """Another text of an idea without a task. StaleEtag when somebody saved after `etag` was read."""
        edited = replace(self, **{name: getattr(text, name) for name in _TEXT})
        if edited == self:
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="idea", etag=self.etag)
        if self.status is not IdeaStatus.NEW:
            raise wrong_move("idea", state=self.status, cannot="edited", way_out="Edit the task it has.")
        return replace(edited, updated_at=now)

    def check_deletable(self) -> None:
        """StateConflict for an idea that has a task."""
        if self.status is not IdeaStatus.NEW:
            raise wrong_move(
                "idea",
                state=self.status,
                cannot="deleted",
                way_out="Delete the task it has first.",
                id=self.id,
            )

    def queue(self, *, now: datetime) -> Self:
        """A task was made of the idea; one idea has one task."""
        if self.status is not IdeaStatus.NEW:
            raise wrong_move("idea", state=self.status, cannot="made a task", way_out="Open the task it has.")
        return replace(self, status=IdeaStatus.QUEUED, updated_at=now)

    def complete(self, *, now: datetime) -> Self:
        """The idea's task has content; the second time is a quiet success."""
        if self.status is IdeaStatus.COMPLETED:
            return self
        if self.status is not IdeaStatus.QUEUED:
            raise wrong_move(
                "idea", state=self.status, cannot="completed", way_out="Make a task of it first."
            )
        return replace(self, status=IdeaStatus.COMPLETED, updated_at=now)

    def lost_task(self, *, now: datetime) -> Self:
        """The idea's task was deleted, so another may be made."""
        return replace(self, status=IdeaStatus.NEW, updated_at=now)

"""Who did what with content and when, and where it and its pictures came from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.publisher.domain import events


class Action(StrEnum):
    """What was done with content."""

    CREATED = "created"
    EDITED = "edited"
    READY_FOR_REVIEW = "ready_for_review"
    SENT_BACK = "sent_back"
    APPROVED = "approved"
    AUTO_APPROVED = "auto_approved"
    SCHEDULED = "scheduled"
    AUTO_SCHEDULED = "auto_scheduled"
    UNSCHEDULED = "unscheduled"
    NOT_SCHEDULED = "not_scheduled"
    SCHEDULE_MISSED = "schedule_missed"
    PUBLISH_REQUESTED = "publish_requested"
    PUBLISHED = "published"
    PUBLISH_FAILED = "publish_failed"
    PUBLISH_UNCONFIRMED = "publish_unconfirmed"
    UNPUBLISH_REQUESTED = "unpublish_requested"
    UNPUBLISHED = "unpublished"
    UNPUBLISH_FAILED = "unpublish_failed"


class Step(StrEnum):
    """What a model made: the article, what its pictures should show, or a picture."""

    ARTICLE = "article"
    IMAGE_PROMPTS = "image_prompts"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """`actor` is user:<id>, api_key:<id> or service:<name>; `note` are words about it; `version` of the text then."""

    id: str
    account_id: str
    content_id: str
    action: Action
    actor: str
    note: str = ""
    version: int = 0
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The AI task that made something. `credits_used` is what billing has said so far; `item_id` is the task's item."""

    id: str
    account_id: str
    content_id: str
    image_id: str | None = None
    step: Step
    ai_task_id: str
    item_id: str
    model_name: str
    prompt_version: str = ""
    credits_used: int = 0
    created_at: datetime


def entry_of(event: events.ContentEvent, *, id: str, actor: str) -> HistoryEntry | None:
    """What an event says of content's history; None for one that says nothing of it."""
    action, note = _said(event)
    if action is None:
        return None
    return HistoryEntry(
        id=id,
        account_id=event.account_id,
        content_id=event.content_id,
        action=action,
        actor=actor,
        note=note,
        occurred_at=event.occurred_at,
    )


def _said(event: events.ContentEvent) -> tuple[Action | None, str]:
    match event:
        case events.ContentCreated():
            return Action.CREATED, ""
        case events.ContentReadyForReview():
            return Action.READY_FOR_REVIEW, " ".join(event.held_back_by)
        case events.ContentApproved():
            return (Action.AUTO_APPROVED if event.automatically else Action.APPROVED), ""
        case events.ContentScheduled():
            action = Action.AUTO_SCHEDULED if event.automatically else Action.SCHEDULED
            return action, f"For {event.scheduled_publish_at:%Y-%m-%d %H:%M} UTC. {event.explanation}".strip()
        case events.ContentUnscheduled():
            return Action.UNSCHEDULED, ""
        case events.ContentScheduleMissed():
            return Action.SCHEDULE_MISSED, f"{event.late_seconds:,} seconds late"
        case events.ContentPublished():
            return Action.PUBLISHED, event.external_url
        case events.ContentPublishFailed():
            return Action.PUBLISH_FAILED, event.error
        case events.ContentPublishUnconfirmed():
            return Action.PUBLISH_UNCONFIRMED, event.error
        case events.ContentUnpublished():
            return Action.UNPUBLISHED, ""
        case events.ContentUnpublishFailed():
            return Action.UNPUBLISH_FAILED, event.error
        case _:
            return None, ""

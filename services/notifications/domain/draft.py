"""What an event comes to, before it is known whether it is a new notification or one more of an old one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class NotificationType(StrEnum):
    """What a notification tells; the values are part of the public contract."""

    AI_CLUSTER_SUCCESS = "ai_cluster_success"
    AI_CLUSTER_FAILED = "ai_cluster_failed"
    AI_IDEAS_SUCCESS = "ai_ideas_success"
    AI_IDEAS_FAILED = "ai_ideas_failed"
    AI_CONTENT_SUCCESS = "ai_content_success"
    AI_CONTENT_FAILED = "ai_content_failed"
    AI_PROMPTS_SUCCESS = "ai_prompts_success"
    AI_PROMPTS_FAILED = "ai_prompts_failed"
    AI_IMAGE_SUCCESS = "ai_image_success"
    AI_IMAGE_FAILED = "ai_image_failed"
    AUTOMATION_STARTED = "automation_started"
    AUTOMATION_PAUSED = "automation_paused"
    AUTOMATION_BUDGET_REACHED = "automation_budget_reached"
    AUTOMATION_RESUMED = "automation_resumed"
    AUTOMATION_COMPLETED = "automation_completed"
    AUTOMATION_FAILED = "automation_failed"
    AUTOMATION_CANCELLED = "automation_cancelled"
    AUTOMATION_SKIPPED = "automation_skipped"
    CONTENT_READY_FOR_REVIEW = "content_ready_for_review"
    CONTENT_APPROVED = "content_approved"
    CONTENT_SCHEDULED = "content_scheduled"
    CONTENT_PUBLISHED = "content_published"
    CONTENT_PUBLISH_FAILED = "content_publish_failed"
    CONTENT_UNPUBLISH_FAILED = "content_unpublish_failed"
    CONTENT_PUBLISH_UNCONFIRMED = "content_publish_unconfirmed"
    SCHEDULE_MISSED = "schedule_missed"
    CONNECTION_LOST = "connection_lost"
    CONNECTION_RESTORED = "connection_restored"
    CREDITS_ADDED = "credits_added"
    CREDITS_LOW = "credits_low"
    CREDITS_DEPLETED = "credits_depleted"


class RelatedType(StrEnum):
    """What a notification is about; the id beside it is that thing's."""

    AI_TASK = "ai_task"
    RUN = "run"
    PLANNED_RUN = "planned_run"
    CONTENT = "content"
    SITE = "site"
    GRANT = "grant"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationDraft:
    """One event as a notification would tell it; everything its sentences say is in `totals` and `facts`."""

    notification_type: NotificationType
    related_type: RelatedType
    related_id: str
    occurred_at: datetime
    site_id: str | None = None
    run_id: str | None = None
    """Set where notifications of one type and run are one that counts."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """Numbers that add up over the events of a run."""
    facts: Mapping[str, str | int] = field(default_factory=dict)
    """What the latest event says; each type has the same names always, so that nothing old shows through."""

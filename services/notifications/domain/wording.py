"""Which words each type of notification has. Everything variable in them is in the metadata they are made from."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.notifications.domain import (
    automation_words,
    connection_words,
    content_words,
    credit_words,
    task_words,
)
from services.notifications.domain.draft import NotificationType
from services.notifications.domain.words import Told, Words


def words_for(
    notification_type: NotificationType, *, count: int, in_run: bool, metadata: Mapping[str, Any]
) -> Words:
    """Title, message and severity of a notification that stands for `count` events."""
    return _WORDS[notification_type](Told(count=count, in_run=in_run, metadata=metadata))


_WORDS: Final[Mapping[NotificationType, Callable[[Told], Words]]] = {
    NotificationType.AI_CLUSTER_SUCCESS: task_words.CLUSTERS.succeeded,
    NotificationType.AI_CLUSTER_FAILED: task_words.CLUSTERS.failed,
    NotificationType.AI_IDEAS_SUCCESS: task_words.IDEAS.succeeded,
    NotificationType.AI_IDEAS_FAILED: task_words.IDEAS.failed,
    NotificationType.AI_CONTENT_SUCCESS: task_words.ARTICLES.succeeded,
    NotificationType.AI_CONTENT_FAILED: task_words.ARTICLES.failed,
    NotificationType.AI_PROMPTS_SUCCESS: task_words.PROMPTS.succeeded,
    NotificationType.AI_PROMPTS_FAILED: task_words.PROMPTS.failed,
    NotificationType.AI_IMAGE_SUCCESS: task_words.IMAGES.succeeded,
    NotificationType.AI_IMAGE_FAILED: task_words.IMAGES.failed,
    NotificationType.AUTOMATION_STARTED: automation_words.started,
    NotificationType.AUTOMATION_PAUSED: automation_words.paused,
    NotificationType.AUTOMATION_BUDGET_REACHED: automation_words.budget_reached,
    NotificationType.AUTOMATION_RESUMED: automation_words.resumed,
    NotificationType.AUTOMATION_COMPLETED: automation_words.completed,
    NotificationType.AUTOMATION_FAILED: automation_words.failed,
    NotificationType.AUTOMATION_CANCELLED: automation_words.cancelled,
    NotificationType.AUTOMATION_SKIPPED: automation_words.skipped,
    NotificationType.CONTENT_READY_FOR_REVIEW: content_words.ready_for_review,
    NotificationType.CONTENT_APPROVED: content_words.approved,
    NotificationType.CONTENT_SCHEDULED: content_words.scheduled,
    NotificationType.CONTENT_PUBLISHED: content_words.published,
    NotificationType.CONTENT_PUBLISH_FAILED: content_words.publish_failed,
    NotificationType.CONTENT_UNPUBLISH_FAILED: content_words.unpublish_failed,
    NotificationType.CONTENT_PUBLISH_UNCONFIRMED: content_words.publish_unconfirmed,
    NotificationType.SCHEDULE_MISSED: content_words.schedule_missed,
    NotificationType.CONNECTION_LOST: connection_words.lost,
    NotificationType.CONNECTION_RESTORED: connection_words.restored,
    NotificationType.CREDITS_ADDED: credit_words.added,
    NotificationType.CREDITS_LOW: credit_words.low,
    NotificationType.CREDITS_DEPLETED: credit_words.depleted,
}

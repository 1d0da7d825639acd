"""From a fact to a draft: which type it is, what it is about, which numbers add up and which facts it carries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.notifications.domain.draft import NotificationDraft, NotificationType, RelatedType
from services.notifications.domain.facts import (
    AiFunction,
    AiTaskEnded,
    ConnectionLost,
    ConnectionRestored,
    ContentApproved,
    ContentFact,
    ContentPublished,
    ContentPublishFailed,
    ContentPublishUnconfirmed,
    ContentReadyForReview,
    ContentScheduled,
    ContentUnpublishFailed,
    CreditsAdded,
    CreditsDepleted,
    CreditsLow,
    Fact,
    RunMove,
    RunMoved,
    RunSkipped,
    ScheduleMissed,
)
from services.notifications.domain.words import shortened

SUCCESS: Final = {
    AiFunction.CLUSTER_KEYWORDS: NotificationType.AI_CLUSTER_SUCCESS,
    AiFunction.GENERATE_IDEAS: NotificationType.AI_IDEAS_SUCCESS,
    AiFunction.GENERATE_CONTENT: NotificationType.AI_CONTENT_SUCCESS,
    AiFunction.GENERATE_IMAGE_PROMPTS: NotificationType.AI_PROMPTS_SUCCESS,
    AiFunction.GENERATE_IMAGES: NotificationType.AI_IMAGE_SUCCESS,
}
FAILED: Final = {
    AiFunction.CLUSTER_KEYWORDS: NotificationType.AI_CLUSTER_FAILED,
    AiFunction.GENERATE_IDEAS: NotificationType.AI_IDEAS_FAILED,
    AiFunction.GENERATE_CONTENT: NotificationType.AI_CONTENT_FAILED,
    AiFunction.GENERATE_IMAGE_PROMPTS: NotificationType.AI_PROMPTS_FAILED,
    AiFunction.GENERATE_IMAGES: NotificationType.AI_IMAGE_FAILED,
}
RUN_TYPES: Final = {
    RunMove.STARTED: NotificationType.AUTOMATION_STARTED,
    RunMove.PAUSED: NotificationType.AUTOMATION_PAUSED,
    RunMove.RESUMED: NotificationType.AUTOMATION_RESUMED,
    RunMove.COMPLETED: NotificationType.AUTOMATION_COMPLETED,
    RunMove.FAILED: NotificationType.AUTOMATION_FAILED,
    RunMove.CANCELLED: NotificationType.AUTOMATION_CANCELLED,
}
OUTPUTS_OF_STAGES: Final = {
    1: "clusters_created",
    2: "ideas_created",
    3: "tasks_created",
    4: "content_created",
    5: "prompts_created",
    6: "images_created",
    7: "content_reviewed",
}
"""What the metadata of a run calls the things that each of its seven stages makes."""

BUDGET_REACHED: Final = "budget_reached"

TEXT_LENGTH_MAX: Final = 1000
"""Longer sentences of others are cut, so that a notification always fits an event."""


def draft_of(fact: Fact) -> NotificationDraft:
    """The notification of a fact."""
    match fact:
        case AiTaskEnded():
            return _of_task(fact)
        case RunMoved():
            return _of_run(fact)
        case RunSkipped():
            return _of_skipped_run(fact)
        case ContentReadyForReview(review_note=note):
            return _of_content(fact, NotificationType.CONTENT_READY_FOR_REVIEW, {"review_note": note})
        case ContentApproved(actor=actor):
            return _of_content(fact, NotificationType.CONTENT_APPROVED, {"actor": actor})
        case ContentScheduled(scheduled_publish_at=at, explanation=why):
            facts = {"scheduled_publish_at": _instant(at), "explanation": why}
            return _of_content(fact, NotificationType.CONTENT_SCHEDULED, facts)
        case ContentPublished(external_url=url):
            facts = {"external_url": url, "again": "yes" if fact.again else ""}
            return _of_content(fact, NotificationType.CONTENT_PUBLISHED, facts)
        case ContentPublishFailed(error=error):
            return _of_content(fact, NotificationType.CONTENT_PUBLISH_FAILED, {"error": error})
        case ContentUnpublishFailed(error=error):
            return _of_content(fact, NotificationType.CONTENT_UNPUBLISH_FAILED, {"error": error})
        case ContentPublishUnconfirmed(error=error):
            return _of_content(fact, NotificationType.CONTENT_PUBLISH_UNCONFIRMED, {"error": error})
        case ScheduleMissed(planned_at=at, catch_up=catch_up):
            facts = {"planned_at": _instant(at), "catch_up": catch_up}
            return _of_content(fact, NotificationType.SCHEDULE_MISSED, facts)
        case ConnectionLost(cause=cause, reason=reason):
            facts = {"target": fact.target, "cause": cause, "reason": reason}
            return _of_site(fact.site_id, NotificationType.CONNECTION_LOST, fact.occurred_at, facts)
        case ConnectionRestored(target=target):
            facts = {"target": target}
            return _of_site(fact.site_id, NotificationType.CONNECTION_RESTORED, fact.occurred_at, facts)
        case CreditsAdded():
            return NotificationDraft(
                notification_type=NotificationType.CREDITS_ADDED,
                related_type=RelatedType.GRANT,
                related_id=fact.grant_id,
                occurred_at=fact.occurred_at,
                facts={"amount": fact.amount, "credits": fact.credits, "available": fact.available},
            )
        case CreditsLow():
            level = {"available": fact.available, "threshold": fact.threshold}
            return _of_account(fact.account_id, NotificationType.CREDITS_LOW, fact.occurred_at, level)
        case CreditsDepleted():
            return _of_account(fact.account_id, NotificationType.CREDITS_DEPLETED, fact.occurred_at, {})


def _of_task(task: AiTaskEnded) -> NotificationDraft:
    totals = {
        task.function.outputs_key: task.outputs,
        "credits_used": task.credits_used,
        "tasks_processed": task.tasks_processed,
    }
    if task.items_failed:
        totals["items_failed"] = task.items_failed
    return NotificationDraft(
        notification_type=(SUCCESS if task.succeeded else FAILED)[task.function],
        related_type=RelatedType.AI_TASK,
        related_id=task.task_id,
        occurred_at=task.occurred_at,
        site_id=task.site_id,
        run_id=task.run_id,
        totals=totals,
        facts={} if task.succeeded else _texts({"reason": task.reason, "error": task.error}),
    )


def _of_run(run: RunMoved) -> NotificationDraft:
    over_budget = run.move is RunMove.PAUSED and run.pause_reason == BUDGET_REACHED
    facts: dict[str, str | int] = {"credits_used": run.credits_used, "max_credits": run.max_credits}
    match run.move:
        case RunMove.STARTED:
            facts["items_total"] = run.items_total
        case RunMove.PAUSED:
            facts["pause_reason"] = run.pause_reason
            facts |= _texts({"pause_scope": run.pause_scope, "pause_detail": run.pause_detail})
        case RunMove.COMPLETED | RunMove.FAILED | RunMove.CANCELLED:
            facts |= {name: run.outputs_by_stage.get(stage, 0) for stage, name in OUTPUTS_OF_STAGES.items()}
            facts |= {"items_failed": run.items_failed}
    if run.move is RunMove.FAILED:
        facts |= _texts({"error": run.error})
    return NotificationDraft(
        notification_type=NotificationType.AUTOMATION_BUDGET_REACHED if over_budget else RUN_TYPES[run.move],
        related_type=RelatedType.RUN,
        related_id=run.run_id,
        occurred_at=run.occurred_at,
        site_id=run.site_id,
        run_id=run.run_id,
        facts=facts,
    )


def _of_skipped_run(skipped: RunSkipped) -> NotificationDraft:
    return NotificationDraft(
        notification_type=NotificationType.AUTOMATION_SKIPPED,
        related_type=RelatedType.PLANNED_RUN,
        related_id=skipped.planned_run_id,
        occurred_at=skipped.occurred_at,
        site_id=skipped.site_id,
        facts={
            "planned_at": _instant(skipped.planned_at),
            "active_run_id": skipped.active_run_id,
            **_texts({"reason": skipped.reason, "detail": skipped.detail}),
        },
    )


def _of_content(
    content: ContentFact, notification_type: NotificationType, facts: Mapping[str, str]
) -> NotificationDraft:
    return NotificationDraft(
        notification_type=notification_type,
        related_type=RelatedType.CONTENT,
        related_id=content.content_id,
        occurred_at=content.occurred_at,
        site_id=content.site_id,
        run_id=content.run_id,
        facts=_texts({"title": content.title, **facts}),
    )


def _of_site(
    site_id: str, notification_type: NotificationType, at: datetime, facts: Mapping[str, str]
) -> NotificationDraft:
    return NotificationDraft(
        notification_type=notification_type,
        related_type=RelatedType.SITE,
        related_id=site_id,
        occurred_at=at,
        site_id=site_id,
        facts=_texts(facts),
    )


def _of_account(
    account_id: str, notification_type: NotificationType, at: datetime, facts: Mapping[str, int]
) -> NotificationDraft:
    return NotificationDraft(
        notification_type=notification_type,
        related_type=RelatedType.ACCOUNT,
        related_id=account_id,
        occurred_at=at,
        facts=dict(facts),
    )


def _texts(facts: Mapping[str, str]) -> dict[str, str]:
    return {name: shortened(text, TEXT_LENGTH_MAX) for name, text in facts.items()}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")

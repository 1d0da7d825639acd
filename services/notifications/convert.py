"""Between messages and what notifications knows: events of others become facts, its own nouns become messages."""

from typing import Any, Final

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp
from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from igny8.notifications import v1 as notifications
from igny8.publisher import v1 as publisher

from chassis.plain import instant_from_proto, instant_to_proto
from chassis.wire_values import write_struct
from services.notifications.domain.events import NotificationCreated, NotificationRead
from services.notifications.domain.facts import (
    AiFunction,
    AiTaskEnded,
    ConnectionLost,
    ConnectionRestored,
    ContentApproved,
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
from services.notifications.domain.notification import Notification

RUN_MOVES: Final[dict[type[Message], RunMove]] = {
    ai.RunStarted: RunMove.STARTED,
    ai.RunPaused: RunMove.PAUSED,
    ai.RunResumed: RunMove.RESUMED,
    ai.RunCompleted: RunMove.COMPLETED,
    ai.RunFailed: RunMove.FAILED,
    ai.RunCancelled: RunMove.CANCELLED,
}

EVENTS: Final[tuple[type[Message], ...]] = (
    ai.AiTaskCompleted,
    ai.AiTaskFailed,
    *RUN_MOVES,
    ai.RunSkipped,
    publisher.ContentReadyForReview,
    publisher.ContentApproved,
    publisher.ContentScheduled,
    publisher.ContentPublished,
    publisher.ContentPublishFailed,
    publisher.ContentUnpublishFailed,
    publisher.ContentPublishUnconfirmed,
    publisher.ContentScheduleMissed,
    publisher.ConnectionLost,
    publisher.ConnectionRestored,
    billing.CreditsGranted,
    billing.CreditsLow,
    billing.CreditsDepleted,
)
"""The events that people are told of; `fact_from_proto` knows each."""


def fact_from_proto(event: Any) -> Fact:
    """What an event says. Raises TypeError for one that nobody is told of, ValueError for an unknown AI function."""
    match event:
        case ai.AiTaskCompleted():
            return _task_from_proto(event.task, reason="", succeeded=True, at=event.occurred_at)
        case ai.AiTaskFailed():
            return _task_from_proto(event.task, reason=event.reason, succeeded=False, at=event.occurred_at)
        case billing.CreditsGranted():
            return CreditsAdded(
                grant_id=event.grant_id,
                amount=event.amount,
                credits=event.balance.credits,
                available=event.balance.available,
                occurred_at=instant_from_proto(event.occurred_at),
            )
        case billing.CreditsLow():
            return CreditsLow(
                account_id=event.account_id,
                available=event.balance.available,
                threshold=event.threshold,
                occurred_at=instant_from_proto(event.occurred_at),
            )
        case billing.CreditsDepleted():
            return CreditsDepleted(
                account_id=event.account_id, occurred_at=instant_from_proto(event.occurred_at)
            )
        case publisher.ConnectionLost():
            return ConnectionLost(
                site_id=event.site_id,
                target=event.target,
                cause=event.cause,
                reason=event.reason,
                occurred_at=instant_from_proto(event.occurred_at),
            )
        case publisher.ConnectionRestored():
            return ConnectionRestored(
                site_id=event.site_id,
                target=event.target,
                occurred_at=instant_from_proto(event.occurred_at),
            )
        case ai.RunSkipped():
            return _skipped_run_from_proto(event.planned_run, at=event.occurred_at)
        case _ if type(event) in RUN_MOVES:
            return _run_from_proto(event.run, move=RUN_MOVES[type(event)], at=event.occurred_at)
        case _:
            return _content_from_proto(event)


def _task_from_proto(task: ai.AiTask, *, reason: str, succeeded: bool, at: Timestamp) -> AiTaskEnded:
    function = AiFunction(task.function_name)
    result = write_struct(task.result)
    return AiTaskEnded(
        task_id=task.id,
        site_id=task.site_id or None,
        run_id=task.run_id or None,
        function=function,
        succeeded=succeeded,
        outputs=int(result.get(function.outputs_key, 0)),
        credits_used=task.credits_used,
        tasks_processed=task.items_done,
        items_failed=task.items_failed,
        reason=reason,
        error=task.error,
        occurred_at=instant_from_proto(at),
    )


def _run_from_proto(run: ai.AutomationRun, *, move: RunMove, at: Timestamp) -> RunMoved:
    return RunMoved(
        move=move,
        run_id=run.id,
        site_id=run.site_id or None,
        pause_reason=run.pause_reason,
        pause_scope=run.pause_scope,
        pause_detail=run.pause_detail,
        error=run.error,
        credits_used=run.credits_used,
        max_credits=run.max_credits,
        items_total=sum(stage.total for stage in run.stages),
        items_failed=sum(stage.failed for stage in run.stages),
        outputs_by_stage={stage.stage: stage.outputs for stage in run.stages},
        occurred_at=instant_from_proto(at),
    )


def _skipped_run_from_proto(planned: ai.PlannedRun, *, at: Timestamp) -> RunSkipped:
    return RunSkipped(
        planned_run_id=planned.id,
        site_id=planned.site_id,
        planned_at=instant_from_proto(planned.planned_at),
        active_run_id=planned.run_id,
        reason=planned.reason,
        detail=planned.detail,
        occurred_at=instant_from_proto(at),
    )


def _content_from_proto(event: Any) -> Fact:
    match event:
        case publisher.ContentReadyForReview():
            return ContentReadyForReview(**_article(event), review_note=event.review_note)
        case publisher.ContentApproved():
            return ContentApproved(**_article(event), actor=event.actor)
        case publisher.ContentScheduled():
            return ContentScheduled(
                **_article(event),
                scheduled_publish_at=instant_from_proto(event.scheduled_publish_at),
                explanation=event.explanation,
            )
        case publisher.ContentPublished():
            return ContentPublished(**_article(event), external_url=event.external_url, again=event.again)
        case publisher.ContentPublishFailed():
            return ContentPublishFailed(**_article(event), error=event.error)
        case publisher.ContentUnpublishFailed():
            return ContentUnpublishFailed(**_article(event), error=event.error)
        case publisher.ContentPublishUnconfirmed():
            return ContentPublishUnconfirmed(**_article(event), error=event.error)
        case publisher.ContentScheduleMissed():
            return ScheduleMissed(
                **_article(event), planned_at=instant_from_proto(event.planned_at), catch_up=event.catch_up
            )
        case _:
            raise TypeError(f"nobody is told of {type(event).__name__}")


def _article(event: Any) -> dict[str, Any]:
    """What every event about an article says."""
    return {
        "content_id": event.content_id,
        "site_id": event.site_id or None,
        "run_id": event.run_id or None,
        "title": event.title,
        "occurred_at": instant_from_proto(event.occurred_at),
    }


def notification_to_proto(notification: Notification) -> notifications.Notification:
    metadata = Struct()
    metadata.update(dict(notification.metadata))
    return notifications.Notification(
        id=notification.id,
        account_id=notification.account_id,
        notification_type=notification.notification_type.value,
        title=notification.title,
        message=notification.message,
        severity=notifications.Notification.Severity.Value(f"SEVERITY_{notification.severity.name}"),
        count=notification.count,
        related_type=notification.related_type.value,
        related_id=notification.related_id,
        site_id=notification.site_id or "",
        run_id=notification.run_id or "",
        metadata=metadata,
        read=not notification.unread,
        created_at=instant_to_proto(notification.created_at),
        updated_at=instant_to_proto(notification.updated_at),
    )


def encode(event: object) -> Message:
    """The message of events.proto for a domain event. Raises TypeError for anything else."""
    match event:
        case NotificationCreated(notification=notification):
            return notifications.NotificationCreated(
                account_id=notification.account_id,
                notification=notification_to_proto(notification),
                unread=event.unread,
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case NotificationRead():
            return notifications.NotificationRead(
                account_id=event.account_id,
                notification_id=event.notification_id or "",
                unread=event.unread,
                occurred_at=instant_to_proto(event.occurred_at),
            )
        case _:
            raise TypeError(f"{type(event).__name__} is no event of notifications")

"""Facts and events with everything filled in that a test does not care about."""

from datetime import datetime, timedelta
from typing import Any

from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from igny8.publisher import v1 as publisher

from chassis.ids import new_id
from chassis.plain import instant_to_proto
from chassis.testing.callers import ACCOUNT_ID
from chassis.testing.clock import START
from services.notifications.domain.drafting import draft_of
from services.notifications.domain.facts import (
    AiFunction,
    AiTaskEnded,
    CreditsAdded,
    Fact,
    RunMove,
    RunMoved,
)
from services.notifications.domain.notification import Notification

SITE_ID = "0199aaaa-0000-7000-8000-00000000000a"
RUN_ID = "0199aaaa-0000-7000-8000-00000000000b"
TASK_ID = "0199aaaa-0000-7000-8000-00000000000c"
CONTENT_ID = "0199aaaa-0000-7000-8000-00000000000d"
GRANT_ID = "0199aaaa-0000-7000-8000-00000000000e"

INSUFFICIENT = "Insufficient credits. Required: 30, Available: 12"

ARTICLE: dict[str, Any] = {
    "content_id": CONTENT_ID,
    "site_id": SITE_ID,
    "run_id": None,
    "title": "Pruning roses",
    "occurred_at": START,
}
"""What every fact about an article says."""


def after(**time: float) -> datetime:
    """An instant so much later than the start."""
    return START + timedelta(**time)


def task(function: AiFunction = AiFunction.GENERATE_IMAGES, **changes: Any) -> AiTaskEnded:
    """An execution by hand that made 6 things for 30 credits."""
    usual: dict[str, Any] = {
        "task_id": TASK_ID,
        "site_id": SITE_ID,
        "run_id": None,
        "succeeded": True,
        "outputs": 6,
        "credits_used": 30,
        "tasks_processed": 6,
        "items_failed": 0,
        "reason": "",
        "error": "",
        "occurred_at": START,
    }
    return AiTaskEnded(function=function, **{**usual, **changes})


def failed_task(function: AiFunction = AiFunction.GENERATE_IMAGES, **changes: Any) -> AiTaskEnded:
    """An execution that was refused for want of credits."""
    refused: dict[str, Any] = {
        "succeeded": False,
        "outputs": 0,
        "credits_used": 0,
        "tasks_processed": 0,
        "reason": "INSUFFICIENT_CREDITS",
        "error": INSUFFICIENT,
    }
    return task(function, **{**refused, **changes})


def run(move: RunMove, **changes: Any) -> RunMoved:
    """A move of a run that has made something of everything for 512 of at most 2,000 credits."""
    usual: dict[str, Any] = {
        "run_id": RUN_ID,
        "site_id": SITE_ID,
        "pause_reason": "",
        "pause_scope": "",
        "pause_detail": "",
        "error": "",
        "credits_used": 512,
        "max_credits": 2000,
        "items_total": 80,
        "items_failed": 0,
        "outputs_by_stage": {1: 12, 2: 30, 3: 30, 4: 30, 5: 90, 6: 90, 7: 30},
        "occurred_at": START,
    }
    return RunMoved(move=move, **{**usual, **changes})


def credits_added(**changes: Any) -> CreditsAdded:
    usual: dict[str, Any] = {
        "grant_id": GRANT_ID,
        "amount": 1000,
        "credits": 1200,
        "available": 1200,
        "occurred_at": START,
    }
    return CreditsAdded(**{**usual, **changes})


def told(*facts: Fact) -> Notification:
    """The notification that these facts, of one type and run, come to."""
    first, *more = facts
    notification = Notification.of(draft_of(first), id=new_id(), account_id=ACCOUNT_ID)
    for fact in more:
        notification = notification.and_also(draft_of(fact))
    return notification


def task_completed(function: str = "generate_images", *, at: datetime = START, **changes: Any) -> Any:
    """The ai service's event about an execution that made 6 images for 30 credits."""
    return ai.AiTaskCompleted(
        account_id=ACCOUNT_ID, task=_task_message(function, **changes), occurred_at=instant_to_proto(at)
    )


def task_failed(function: str = "generate_images", *, at: datetime = START, **changes: Any) -> Any:
    """The ai service's event about an execution that was refused for want of credits."""
    refused = {"items_done": 0, "credits_used": 0, "outputs": 0, "error": INSUFFICIENT}
    return ai.AiTaskFailed(
        account_id=ACCOUNT_ID,
        task=_task_message(function, **{**refused, **changes}),
        reason="INSUFFICIENT_CREDITS",
        occurred_at=instant_to_proto(at),
    )


def run_event(event: Any, *, at: datetime = START, **changes: Any) -> Any:
    """An event of a run that has clustered 12 of 13 and written 3 articles."""
    stages = [
        ai.StageProgress(stage=1, total=13, done=12, failed=1, outputs=12),
        ai.StageProgress(stage=4, total=3, done=3, outputs=3),
    ]
    snapshot = ai.AutomationRun(
        **{
            "id": RUN_ID,
            "site_id": SITE_ID,
            "stages": stages,
            "credits_used": 70,
            "max_credits": 90,
            **changes,
        }
    )
    return event(account_id=ACCOUNT_ID, run=snapshot, occurred_at=instant_to_proto(at))


def content_event(event: Any, *, at: datetime = START, **changes: Any) -> Any:
    """An event about an article."""
    usual = {
        "account_id": ACCOUNT_ID,
        "site_id": SITE_ID,
        "content_id": CONTENT_ID,
        "title": "Pruning roses",
        "occurred_at": instant_to_proto(at),
    }
    return event(**{**usual, **changes})


def connection_event(event: Any, **changes: Any) -> Any:
    """An event about a site's WordPress."""
    usual = {
        "account_id": ACCOUNT_ID,
        "site_id": SITE_ID,
        "target": "wordpress",
        "occurred_at": instant_to_proto(START),
    }
    return event(**{**usual, **changes})


def credits_granted(*, at: datetime = START, **changes: Any) -> Any:
    """Billing's event about 1,000 credits for an account that had 200."""
    usual = {
        "account_id": ACCOUNT_ID,
        "grant_id": GRANT_ID,
        "amount": 1000,
        "balance": billing.Balance(credits=1200, available=1200, sequence=7),
        "occurred_at": instant_to_proto(at),
    }
    return billing.CreditsGranted(**{**usual, **changes})


def credits_level(event: type[Any], **changes: Any) -> Any:
    """Billing's event about an account that can spend 40 credits."""
    usual = {
        "account_id": ACCOUNT_ID,
        "balance": billing.Balance(credits=60, reserved=20, available=40, sequence=8),
        "occurred_at": instant_to_proto(START),
    }
    return event(**{**usual, **changes})


def run_skipped(*, reason: str = "RUN_ALREADY_ACTIVE", at: datetime = START) -> Any:
    """A planned run that was not started."""
    planned = ai.PlannedRun(
        id=RUN_ID,
        account_id=ACCOUNT_ID,
        site_id=SITE_ID,
        planned_at=instant_to_proto(at),
        reason=reason,
        detail="This site already has an active run. Wait for it, or cancel it.",
    )
    return ai.RunSkipped(account_id=ACCOUNT_ID, planned_run=planned, occurred_at=instant_to_proto(at))


def every_event() -> list[Any]:
    """One of each event that people are told of."""
    moves = (ai.RunStarted, ai.RunPaused, ai.RunResumed, ai.RunCompleted, ai.RunFailed, ai.RunCancelled)
    later = instant_to_proto(after(days=1))
    return [
        task_completed(),
        task_failed(),
        *(run_event(move, pause_reason="user", error="The site is gone.") for move in moves),
        run_skipped(),
        content_event(publisher.ContentReadyForReview, run_id=RUN_ID),
        content_event(publisher.ContentApproved, actor="auto_approve", run_id=RUN_ID),
        content_event(publisher.ContentScheduled, scheduled_publish_at=later, explanation="Slot of Tuesday."),
        content_event(publisher.ContentPublished, external_url="https://example.com/pruning-roses"),
        content_event(publisher.ContentPublishFailed, error="The password was refused."),
        content_event(publisher.ContentUnpublishFailed, error="The post is locked."),
        content_event(publisher.ContentPublishUnconfirmed, error="The site did not answer in time."),
        content_event(publisher.ContentScheduleMissed, planned_at=later, catch_up="next_slot"),
        connection_event(publisher.ConnectionLost, cause="password_wrong", reason="Make a new one."),
        connection_event(publisher.ConnectionRestored),
        credits_granted(),
        credits_level(billing.CreditsLow, threshold=50),
        credits_level(billing.CreditsDepleted),
    ]


def _task_message(function: str, *, outputs: int = 6, **changes: Any) -> Any:
    usual = {
        "id": TASK_ID,
        "account_id": ACCOUNT_ID,
        "site_id": SITE_ID,
        "function_name": function,
        "items_done": 6,
        "credits_used": 30,
    }
    message = ai.AiTask(**{**usual, **changes})
    message.result.update(
        {
            AiFunction(function).outputs_key: outputs,
            "credits_used": message.credits_used,
            "tasks_processed": message.items_done,
        }
    )
    return message

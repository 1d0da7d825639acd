"""Events of the other services become facts, by way of the JSON they travel in; nothing else is told."""

from typing import Any

import pytest
from igny8.ai import v1 as ai
from igny8.notifications import v1 as notifications
from igny8.publisher import v1 as publisher

from chassis import wire_json
from chassis.testing.callers import ACCOUNT_ID
from chassis.wire_values import UNSPECIFIED, enum_words
from services.notifications.convert import EVENTS, encode, fact_from_proto, notification_to_proto
from services.notifications.domain.draft import NotificationType
from services.notifications.domain.facts import AiFunction
from services.notifications.domain.words import Severity
from tests.notifications.builders import (
    CONTENT_ID,
    INSUFFICIENT,
    RUN_ID,
    SITE_ID,
    TASK_ID,
    content_event,
    every_event,
    run_event,
    task,
    task_completed,
    task_failed,
    told,
)

TYPES = {
    "igny8.ai.v1.AiTaskCompleted": "ai_image_success",
    "igny8.ai.v1.AiTaskFailed": "ai_image_failed",
    "igny8.ai.v1.RunStarted": "automation_started",
    "igny8.ai.v1.RunPaused": "automation_paused",
    "igny8.ai.v1.RunResumed": "automation_resumed",
    "igny8.ai.v1.RunCompleted": "automation_completed",
    "igny8.ai.v1.RunFailed": "automation_failed",
    "igny8.ai.v1.RunCancelled": "automation_cancelled",
    "igny8.ai.v1.RunSkipped": "automation_skipped",
    "igny8.publisher.v1.ContentReadyForReview": "content_ready_for_review",
    "igny8.publisher.v1.ContentApproved": "content_approved",
    "igny8.publisher.v1.ContentScheduled": "content_scheduled",
    "igny8.publisher.v1.ContentPublished": "content_published",
    "igny8.publisher.v1.ContentPublishFailed": "content_publish_failed",
    "igny8.publisher.v1.ContentUnpublishFailed": "content_unpublish_failed",
    "igny8.publisher.v1.ContentPublishUnconfirmed": "content_publish_unconfirmed",
    "igny8.publisher.v1.ContentScheduleMissed": "schedule_missed",
    "igny8.publisher.v1.ConnectionLost": "connection_lost",
    "igny8.publisher.v1.ConnectionRestored": "connection_restored",
    "igny8.billing.v1.CreditsGranted": "credits_added",
    "igny8.billing.v1.CreditsLow": "credits_low",
    "igny8.billing.v1.CreditsDepleted": "credits_depleted",
}


def test_the_table_names_every_event_that_is_consumed() -> None:
    assert {event.DESCRIPTOR.full_name for event in EVENTS} == set(TYPES)
    assert {type(event) for event in every_event()} == set(EVENTS)


@pytest.mark.parametrize("event", every_event(), ids=lambda event: type(event).__name__)
def test_an_event_has_its_type(event: Any) -> None:
    notification = told(fact_from_proto(_as_received(event)))

    assert notification.notification_type == TYPES[event.DESCRIPTOR.full_name]


@pytest.mark.parametrize("function", AiFunction)
def test_each_function_has_types_of_its_own_for_both_ends(function: AiFunction) -> None:
    noun = {
        "cluster_keywords": "cluster",
        "generate_ideas": "ideas",
        "generate_content": "content",
        "generate_image_prompts": "prompts",
        "generate_images": "image",
    }[function]

    ends = [task_completed(function.value), task_failed(function.value)]

    types = [told(fact_from_proto(_as_received(event))).notification_type for event in ends]
    assert types == [f"ai_{noun}_success", f"ai_{noun}_failed"]


def test_a_completed_task_is_told_with_its_numbers_and_places() -> None:
    notification = told(fact_from_proto(_as_received(task_completed(run_id=RUN_ID, outputs=4, items_done=4))))

    assert notification.metadata == {"images_created": 4, "credits_used": 30, "tasks_processed": 4}
    assert (notification.related_type, notification.related_id) == ("ai_task", TASK_ID)
    assert (notification.site_id, notification.run_id) == (SITE_ID, RUN_ID)


def test_a_task_by_hand_belongs_to_no_run() -> None:
    assert told(fact_from_proto(_as_received(task_completed()))).run_id is None


def test_a_failed_task_says_its_error_in_full() -> None:
    assert INSUFFICIENT in told(fact_from_proto(_as_received(task_failed()))).message


def test_a_run_that_pauses_at_its_limit_has_a_type_of_its_own() -> None:
    event = run_event(ai.RunPaused, pause_reason="budget_reached")

    notification = told(fact_from_proto(_as_received(event)))

    assert notification.notification_type == "automation_budget_reached"
    assert "70 of at most 90 credits" in notification.message


def test_a_completed_run_adds_up_its_stages() -> None:
    notification = told(fact_from_proto(_as_received(run_event(ai.RunCompleted))))

    assert notification.message == (
        "The run made 12 clusters and 3 articles for 70 credits. "
        "1 item failed and cost nothing; open the run to see why."
    )


def test_an_article_that_may_not_name_a_run_is_told_alone() -> None:
    event = content_event(publisher.ContentPublished, external_url="https://example.com/a")

    notification = told(fact_from_proto(_as_received(event)))

    assert (notification.run_id, notification.related_id) == (None, CONTENT_ID)


def test_an_event_that_nobody_is_told_of_is_refused() -> None:
    with pytest.raises(TypeError, match="RunProgressed"):
        fact_from_proto(ai.RunProgressed())


def test_an_ai_function_that_is_not_known_is_refused() -> None:
    event = task_completed()
    event.task.function_name = "generate_videos"

    with pytest.raises(ValueError, match="generate_videos"):
        fact_from_proto(event)


def test_a_notification_has_the_same_words_on_the_wire() -> None:
    notification = told(task(run_id=RUN_ID))

    message = notification_to_proto(notification)

    assert wire_json.to_dict(message) == {
        "id": notification.id,
        "account_id": ACCOUNT_ID,
        "notification_type": "ai_image_success",
        "title": "6 images made",
        "message": "6 images were made in this automation run for 30 credits.",
        "severity": "success",
        "count": 1,
        "related_type": "ai_task",
        "related_id": TASK_ID,
        "site_id": SITE_ID,
        "run_id": RUN_ID,
        "metadata": {"images_created": 6, "credits_used": 30, "tasks_processed": 6},
        "read": False,
        "created_at": "2026-11-02T09:00:00Z",
        "updated_at": "2026-11-02T09:00:00Z",
    }


def test_only_its_own_events_are_encoded() -> None:
    with pytest.raises(TypeError, match="no event of notifications"):
        encode(NotificationType.AI_IMAGE_FAILED)


def test_every_severity_has_its_word_on_the_wire() -> None:
    words = enum_words(notifications.Notification.Severity.DESCRIPTOR)

    assert set(words) == {UNSPECIFIED, *Severity}


def _as_received(event: Any) -> Any:
    return wire_json.from_json_bytes(type(event), wire_json.to_json_bytes(event))

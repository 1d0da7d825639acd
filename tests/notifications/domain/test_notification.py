"""A notification of a run counts: numbers add up, the latest facts stand, and it is unread again."""

import pytest

from services.notifications.domain.facts import (
    ContentApproved,
    ContentPublished,
    ContentPublishFailed,
    ContentPublishUnconfirmed,
    ContentReadyForReview,
    ContentScheduled,
    Fact,
    RunMove,
    ScheduleMissed,
)
from tests.notifications.builders import (
    ARTICLE,
    CONTENT_ID,
    INSUFFICIENT,
    RUN_ID,
    TASK_ID,
    after,
    failed_task,
    run,
    task,
    told,
)

OF_RUN = {**ARTICLE, "run_id": RUN_ID}


def test_alone_it_is_about_its_task() -> None:
    notification = told(task(run_id=RUN_ID))

    assert (notification.count, notification.related_type, notification.related_id) == (1, "ai_task", TASK_ID)
    assert notification.message == "6 images were made in this automation run for 30 credits."


def test_numbers_of_a_run_add_up() -> None:
    notification = told(
        task(run_id=RUN_ID), task(run_id=RUN_ID, outputs=3, credits_used=15, tasks_processed=3)
    )

    assert notification.count == 2
    assert notification.metadata == {"images_created": 9, "credits_used": 45, "tasks_processed": 9}
    assert notification.title == "9 images made"
    assert notification.message == "9 images were made in this automation run for 45 credits."


def test_for_many_it_is_about_their_run() -> None:
    notification = told(task(run_id=RUN_ID), task(run_id=RUN_ID))

    assert (notification.related_type, notification.related_id) == ("run", RUN_ID)


def test_one_partial_failure_makes_it_a_warning() -> None:
    notification = told(task(run_id=RUN_ID), task(run_id=RUN_ID, items_failed=1), task(run_id=RUN_ID))

    assert notification.severity == "warning"
    assert notification.title == "18 images made, 1 failed"
    assert notification.metadata["items_failed"] == 1


def test_many_failures_are_told_with_the_latest_error() -> None:
    first = failed_task(run_id=RUN_ID, reason="PROVIDER_FAILED", error="The provider is down")
    latest = failed_task(run_id=RUN_ID, occurred_at=after(seconds=1))

    notification = told(first, latest)

    assert notification.message == (
        f"2 attempts in this automation run failed, at last with: {INSUFFICIENT}. "
        "Add credits, then resume the run. Nothing was charged."
    )
    assert notification.metadata["reason"] == "INSUFFICIENT_CREDITS"


def test_an_event_that_comes_late_counts_but_does_not_overrule_the_latest() -> None:
    latest = failed_task(run_id=RUN_ID, occurred_at=after(minutes=1))
    late = failed_task(run_id=RUN_ID, reason="PROVIDER_FAILED", error="The provider is down")

    notification = told(latest, late)

    assert notification.count == 2
    assert notification.metadata["error"] == INSUFFICIENT
    assert (notification.created_at, notification.updated_at) == (after(), after(minutes=1))


def test_it_spans_the_time_from_its_first_to_its_last_event() -> None:
    notification = told(task(run_id=RUN_ID), task(run_id=RUN_ID, occurred_at=after(hours=2)))

    assert (notification.created_at, notification.updated_at) == (after(), after(hours=2))


def test_the_numbers_of_a_run_itself_are_those_of_its_latest_move() -> None:
    first = run(RunMove.PAUSED, pause_reason="user", credits_used=100)
    second = run(
        RunMove.PAUSED, pause_reason="insufficient_credits", credits_used=150, occurred_at=after(minutes=1)
    )

    notification = told(first, second)

    assert (notification.count, notification.metadata["credits_used"]) == (2, 150)
    assert notification.severity == "warning"


@pytest.mark.parametrize(
    ("fact", "title", "message"),
    [
        (
            ContentReadyForReview(**OF_RUN, review_note="Too short."),
            "2 articles are ready for review",
            "The newest is “Pruning roses”. Read them, then approve each or send it back.",
        ),
        (
            ContentApproved(**OF_RUN, actor="auto_approve"),
            "2 articles approved",
            "The newest is “Pruning roses”. They can be published now.",
        ),
        (
            ContentScheduled(**OF_RUN, scheduled_publish_at=after(), explanation="The next free slot."),
            "2 articles scheduled",
            "The newest is “Pruning roses”. It will be published on 2 November 2026 at 09:00 UTC. "
            "The next free slot.",
        ),
        (
            ContentPublished(**OF_RUN, external_url="https://example.com/a", again=False),
            "2 articles published",
            "The newest is “Pruning roses”. Read it at https://example.com/a",
        ),
        (
            ContentPublishFailed(**OF_RUN, error="The password was refused."),
            "2 articles could not be published",
            "The newest is “Pruning roses”. The password was refused.",
        ),
        (
            ContentPublishUnconfirmed(**OF_RUN, error=""),
            "2 articles are not confirmed on the site yet",
            "The newest is “Pruning roses”. Its state is looked up at the site, and nothing is published twice; "
            "there is nothing to do for now.",
        ),
        (
            ScheduleMissed(**OF_RUN, planned_at=after(), catch_up="publish_now"),
            "2 articles missed their time",
            "The newest is “Pruning roses”. It was due on 2 November 2026 at 09:00 UTC, while nothing could be "
            "published. By the site's rule it is published now.",
        ),
    ],
)
def test_many_articles_of_a_run_are_told_together(fact: Fact, title: str, message: str) -> None:
    notification = told(fact, fact)

    assert (notification.title, notification.message) == (title, message)


def test_alone_an_article_of_a_run_is_what_it_is_about() -> None:
    notification = told(ContentApproved(**OF_RUN, actor="auto_approve"))

    assert (notification.related_type, notification.related_id) == ("content", CONTENT_ID)


def test_what_was_read_is_unread_after_one_more() -> None:
    read = told(task(run_id=RUN_ID)).read(now=after(minutes=1))

    assert not read.unread
    assert told(task(run_id=RUN_ID), task(run_id=RUN_ID)).unread


def test_reading_again_keeps_the_first_reading() -> None:
    read = told(task()).read(now=after(minutes=1))

    assert read.read(now=after(minutes=2)) == read

"""How the way of an article to its readers, and the connection it goes by, are told in words."""

import pytest

from chassis.testing.clock import START
from services.notifications.domain.facts import (
    ConnectionLost,
    ConnectionRestored,
    ContentApproved,
    ContentPublished,
    ContentPublishFailed,
    ContentPublishUnconfirmed,
    ContentReadyForReview,
    ContentScheduled,
    ContentUnpublishFailed,
    Fact,
    ScheduleMissed,
)
from tests.notifications.builders import ARTICLE, SITE_ID, after, told

NEXT_DAY = after(days=1)

TABLE: list[tuple[Fact, str, str, str, str]] = [
    (
        ContentReadyForReview(**ARTICLE, review_note=""),
        "content_ready_for_review",
        "info",
        "“Pruning roses” is ready for review",
        "Read it, then approve it or send it back.",
    ),
    (
        ContentReadyForReview(**ARTICLE, review_note="The article has 90 words; at least 300 are asked for."),
        "content_ready_for_review",
        "warning",
        "“Pruning roses” is ready for review",
        "The article has 90 words; at least 300 are asked for. Edit it, then approve it.",
    ),
    (
        ContentApproved(**ARTICLE, actor="user:somebody"),
        "content_approved",
        "success",
        "“Pruning roses” is approved",
        "It can be published now.",
    ),
    (
        ContentApproved(**ARTICLE, actor="auto_approve"),
        "content_approved",
        "success",
        "“Pruning roses” is approved",
        "It passed the site's quality checks and was approved by the site's rule. It can be published now.",
    ),
    (
        ContentScheduled(
            **ARTICLE, scheduled_publish_at=NEXT_DAY, explanation="The next free slot is Tuesday."
        ),
        "content_scheduled",
        "info",
        "“Pruning roses” is scheduled",
        "It will be published on 3 November 2026 at 09:00 UTC. The next free slot is Tuesday.",
    ),
    (
        ContentPublished(**ARTICLE, external_url="https://example.com/pruning-roses", again=False),
        "content_published",
        "success",
        "“Pruning roses” is published",
        "Read it at https://example.com/pruning-roses",
    ),
    (
        ContentPublished(**ARTICLE, external_url="https://example.com/pruning-roses", again=True),
        "content_published",
        "success",
        "“Pruning roses” is published in its new version",
        "Read it at https://example.com/pruning-roses",
    ),
    (
        ContentUnpublishFailed(**ARTICLE, error="The post is locked. Unlock it."),
        "content_unpublish_failed",
        "error",
        "“Pruning roses” could not be taken off the site",
        "The post is locked. Unlock it.",
    ),
    (
        ContentUnpublishFailed(**ARTICLE, error=""),
        "content_unpublish_failed",
        "error",
        "“Pruning roses” could not be taken off the site",
        "The site did not let it go. Test the site's connection, then unpublish it again.",
    ),
    (
        ConnectionLost(
            site_id=SITE_ID,
            target="wordpress",
            cause="password_wrong",
            reason="The password is wrong. Make a new one",
            occurred_at=START,
        ),
        "connection_lost",
        "error",
        "The connection to WordPress is lost",
        "The password is wrong. Make a new one. "
        "What was due failed; publish it again when the connection works.",
    ),
    (
        ConnectionRestored(site_id=SITE_ID, target="webhook", occurred_at=START),
        "connection_restored",
        "success",
        "The connection to the webhook works again",
        "Content can be published there again; what failed meanwhile has to be published by hand.",
    ),
    (
        ContentPublishFailed(**ARTICLE, error="The password was refused. Connect the site again."),
        "content_publish_failed",
        "error",
        "“Pruning roses” could not be published",
        "The password was refused. Connect the site again.",
    ),
    (
        ContentPublishFailed(**ARTICLE, error=""),
        "content_publish_failed",
        "error",
        "“Pruning roses” could not be published",
        "The site did not take it. Test the site's connection, then publish it again.",
    ),
    (
        ContentPublishUnconfirmed(**ARTICLE, error="The site did not answer in time"),
        "content_publish_unconfirmed",
        "warning",
        "“Pruning roses” is not confirmed on the site yet",
        "The site did not answer in time. Its state is looked up at the site, and nothing is published twice; "
        "there is nothing to do for now.",
    ),
    (
        ScheduleMissed(**ARTICLE, planned_at=NEXT_DAY, catch_up="hold"),
        "schedule_missed",
        "warning",
        "“Pruning roses” missed its time",
        "It was due on 3 November 2026 at 09:00 UTC, while nothing could be published. "
        "By the site's rule it waits for you: publish it now, or give it another time.",
    ),
    (
        ScheduleMissed(**ARTICLE, planned_at=NEXT_DAY, catch_up="something_newer"),
        "schedule_missed",
        "warning",
        "“Pruning roses” missed its time",
        "It was due on 3 November 2026 at 09:00 UTC, while nothing could be published. "
        "Open the calendar to see when it comes.",
    ),
]


@pytest.mark.parametrize(("fact", "notification_type", "severity", "title", "message"), TABLE)
def test_a_fact_is_told_in_words(
    fact: Fact, notification_type: str, severity: str, title: str, message: str
) -> None:
    notification = told(fact)

    assert (notification.notification_type, notification.severity) == (notification_type, severity)
    assert notification.title == title
    assert notification.message == message

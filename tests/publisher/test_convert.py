"""Every event and every kind of settings has its message."""

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from igny8.publisher import v1 as publisher

from chassis.plain import instant_to_proto
from services.publisher.convert_events import encode
from services.publisher.convert_settings import settings_from_proto, settings_to_proto
from services.publisher.domain import events
from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Connection
from services.publisher.domain.content import ContentStatus, SiteStatus
from services.publisher.domain.publishing_settings import (
    CatchUp,
    IntervalUnit,
    Mode,
    PublishingSettings,
    QualityGates,
    ScheduleInterval,
    Weekday,
)
from services.publisher.domain.target import Target
from tests.publisher.domain.builders import NOW, content

SCHEDULED = content(ContentStatus.APPROVED, SiteStatus.SCHEDULED, run_id="run-1")
PUBLISHED = content(ContentStatus.APPROVED, SiteStatus.PUBLISHED, external_url="/published/a/b")
FAILED = content(ContentStatus.APPROVED, SiteStatus.FAILED, publish_error="Down.")
AT = instant_to_proto(NOW)
LOST = Connection(
    site_id="site-1", account_id="account-1", target=Target.WORDPRESS, created_at=NOW, updated_at=NOW
).lose(Cause.PASSWORD_WRONG, "Make a new one.", now=NOW)
limits = st.none() | st.integers(1, 10_000)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (events.ContentCreated.of(SCHEDULED, now=NOW), {}),
        (
            events.ContentReadyForReview.of(SCHEDULED, now=NOW, held_back_by=("Too short.", "No meta.")),
            {"review_note": "Too short. No meta."},
        ),
        (
            events.ContentApproved.of(SCHEDULED, now=NOW, approved_by="user:1", automatically=False),
            {"actor": "user:1"},
        ),
        (
            events.ContentApproved.of(PUBLISHED, now=NOW, approved_by="service:ai", automatically=True),
            {"actor": "auto_approve"},
        ),
        (
            events.ContentScheduled.of(SCHEDULED, now=NOW, explanation="It was free."),
            {"scheduled_publish_at": AT, "explanation": "It was free."},
        ),
        (events.ContentUnscheduled.of(SCHEDULED, now=NOW), {}),
        (
            events.ContentPublished.of(PUBLISHED, now=NOW),
            {"external_url": "/published/a/b", "published_at": AT},
        ),
        (events.ContentPublishFailed.of(FAILED, now=NOW), {"error": "Down."}),
        (events.ContentPublishUnconfirmed.of(FAILED, now=NOW), {"error": "Down."}),
        (
            events.ContentScheduleMissed.of(SCHEDULED, now=NOW + timedelta(hours=1), catch_up="hold"),
            {"planned_at": AT, "catch_up": "hold"},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, events.ContentEvent) else "",
)
def test_every_event_becomes_the_message_of_its_name(
    event: events.ContentEvent, said: dict[str, Any]
) -> None:
    wanted = getattr(publisher, type(event).__name__)(
        account_id="account-1",
        site_id="site-1",
        content_id="content-1",
        title="How to start composting",
        run_id=event.run_id or "",
        occurred_at=instant_to_proto(event.occurred_at),
        **said,
    )

    assert encode(event) == wanted


@pytest.mark.parametrize("stranger", [object(), PUBLISHED, "content.created"])
def test_what_is_no_event_has_no_message(stranger: object) -> None:
    with pytest.raises(TypeError):
        encode(stranger)


@given(
    st.builds(
        PublishingSettings,
        site_id=st.just("site-1"),
        account_id=st.just("account-1"),
        time_zone=st.sampled_from(["UTC", "Europe/Rome", "America/St_Johns"]),
        mode=st.sampled_from(Mode),
        schedule_interval=st.builds(
            ScheduleInterval,
            every=st.integers(1, 366),
            unit=st.sampled_from(IntervalUnit),
            starts_at=st.none()
            | st.integers(-1000, 5000).map(lambda days: NOW + timedelta(days=days, seconds=days)),
        ),
        publish_days=st.frozensets(st.sampled_from(Weekday), min_size=1),
        publish_time_slots=st.lists(
            st.builds(time, st.integers(0, 23), st.integers(0, 59)), min_size=1, max_size=48, unique=True
        ).map(tuple),
        daily_limit=limits,
        weekly_limit=limits,
        monthly_limit=limits,
        catch_up=st.sampled_from(CatchUp),
        quality_gates=st.builds(QualityGates, words_min=st.integers(0, 9), headings_min=st.integers(0, 9)),
    )
)
def test_settings_come_back_from_their_message_as_they_were(settings: PublishingSettings) -> None:
    message = settings_to_proto(settings)

    assert settings_from_proto(message, site_id="site-1", account_id="account-1") == settings


def test_a_message_that_leaves_all_open_means_the_usual_rules_without_limits() -> None:
    message = publisher.PublishingSettings(publish_days=["monday"], publish_time_slots=["09:00"])

    settings = settings_from_proto(message, site_id="site-1", account_id="account-1")

    assert (settings.time_zone, settings.mode, settings.catch_up) == (
        *("UTC", Mode.SLOTS),
        CatchUp.PUBLISH_NOW,
    )
    assert (settings.daily_limit, settings.weekly_limit, settings.monthly_limit) == (None, None, None)
    assert settings.quality_gates == QualityGates()
    assert settings.schedule_interval == ScheduleInterval()


def test_what_happens_to_a_connection_has_its_messages_without_its_address() -> None:
    about: dict[str, Any] = {
        "account_id": "account-1",
        "site_id": "site-1",
        "target": "wordpress",
        "occurred_at": AT,
    }

    lost = encode(events.ConnectionLost.of(LOST, now=NOW))
    restored = encode(events.ConnectionRestored.of(LOST.succeed(now=NOW), now=NOW))

    assert lost == publisher.ConnectionLost(**about, cause="password_wrong", reason="Make a new one.")
    assert restored == publisher.ConnectionRestored(**about)

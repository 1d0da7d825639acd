"""One decision takes an article from draft to review, to approval and to a slot."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from chassis.refusal import StateConflict
from services.publisher.domain.content import ContentStatus, SiteStatus
from services.publisher.domain.events import ContentApproved, ContentReadyForReview, ContentScheduled
from services.publisher.domain.image import ImageStatus
from services.publisher.domain.publishing_settings import (
    Mode,
    PublishingSettings,
    QualityGates,
    ScheduleInterval,
)
from services.publisher.domain.quality_gates import Gate
from services.publisher.domain.review import ReviewOutcome, approve, take_into_review
from services.publisher.domain.schedule.occupied import Occupied
from tests.publisher.domain.builders import NOW, content, image, settings, text

AUTOMATIC = settings(auto_approve_content=True, auto_schedule=True, publish_time_slots=(time(9),))
NEVER = settings(
    auto_approve_content=True,
    auto_schedule=True,
    mode=Mode.INTERVAL,
    schedule_interval=ScheduleInterval(starts_at=datetime(2090, 1, 1, tzinfo=UTC)),
)


def reviewed(rules: PublishingSettings, *, title_is_used: bool = False, **more: Any) -> ReviewOutcome:
    given = content(**more)
    return take_into_review(
        given,
        images=[image()],
        title_is_used=title_is_used,
        settings=rules,
        occupied=Occupied(),
        actor="service:ai",
        now=NOW,
    )


def test_without_auto_approval_content_waits_in_review() -> None:
    outcome = reviewed(settings())

    assert outcome.content.status is ContentStatus.REVIEW
    assert [type(event) for event in outcome.events] == [ContentReadyForReview]


def test_with_auto_approval_good_content_goes_straight_to_approved() -> None:
    outcome = reviewed(settings(auto_approve_content=True))

    assert (outcome.content.status, outcome.content.site_status) == (
        ContentStatus.APPROVED,
        SiteStatus.NOT_PUBLISHED,
    )
    (event,) = outcome.events
    assert isinstance(event, ContentApproved)
    assert (event.automatically, event.approved_by) == (True, "service:ai")


def test_with_auto_schedule_approved_content_gets_the_next_slot_and_why() -> None:
    outcome = reviewed(AUTOMATIC)

    assert outcome.content.site_status is SiteStatus.SCHEDULED
    assert outcome.content.scheduled_publish_at == datetime(2026, 11, 16, 9, tzinfo=UTC)
    approved, scheduled = outcome.events
    assert (type(approved), type(scheduled)) == (ContentApproved, ContentScheduled)
    assert isinstance(scheduled, ContentScheduled)
    assert "is a publishing time of the site" in scheduled.explanation


def test_content_that_fails_a_gate_waits_and_says_why_in_the_event_too() -> None:
    outcome = reviewed(AUTOMATIC, title_is_used=True)

    assert outcome.content.status is ContentStatus.REVIEW
    assert [failure.gate for failure in outcome.held_back_by] == [Gate.DUPLICATES]
    (event,) = outcome.events
    assert isinstance(event, ContentReadyForReview)
    assert event.held_back_by == ("Another article of this site has the same title.",)
    assert outcome.content.review_note == "Another article of this site has the same title."


def test_content_with_a_pending_image_is_refused_and_stays_a_draft() -> None:
    with pytest.raises(StateConflict, match="1 images that are not made yet"):
        take_into_review(
            content(),
            images=[image(ImageStatus.PENDING)],
            title_is_used=False,
            settings=AUTOMATIC,
            occupied=Occupied(),
            actor="service:ai",
            now=NOW,
        )


def test_a_finally_failed_image_does_not_hold_content_back() -> None:
    outcome = take_into_review(
        content(),
        images=[image(ImageStatus.FAILED, alt_text="")],
        title_is_used=False,
        settings=AUTOMATIC,
        occupied=Occupied(),
        actor="service:ai",
        now=NOW,
    )

    assert outcome.content.status is ContentStatus.APPROVED


@pytest.mark.parametrize("status", [ContentStatus.REVIEW, ContentStatus.APPROVED])
def test_asking_again_changes_nothing_and_tells_nobody(status: ContentStatus) -> None:
    outcome = reviewed(AUTOMATIC, status=status)

    assert (outcome.content.status, outcome.events) == (status, ())


def test_without_a_free_slot_content_is_approved_all_the_same_and_says_why() -> None:
    outcome = reviewed(NEVER)

    assert (outcome.content.status, outcome.content.site_status) == (
        ContentStatus.APPROVED,
        SiteStatus.NOT_PUBLISHED,
    )
    assert "No slot is free" in outcome.unscheduled_because


def test_a_person_approves_what_the_gates_held_back_and_it_gets_a_slot() -> None:
    poor = content(ContentStatus.REVIEW, text=text(html="<p>Short.</p>"))

    outcome = approve(poor, settings=AUTOMATIC, occupied=Occupied(), actor="user:anna", now=NOW)

    assert outcome.content.site_status is SiteStatus.SCHEDULED
    event = outcome.events[0]
    assert isinstance(event, ContentApproved)
    assert (event.automatically, event.approved_by) == (False, "user:anna")


def test_a_second_approval_is_a_quiet_success() -> None:
    outcome = approve(
        content(ContentStatus.APPROVED), settings=AUTOMATIC, occupied=Occupied(), actor="user:anna", now=NOW
    )

    assert (outcome.events, outcome.content.site_status) == ((), SiteStatus.NOT_PUBLISHED)


def test_a_draft_is_not_approved_by_hand_either() -> None:
    with pytest.raises(StateConflict, match="Submit it for review first"):
        approve(content(), settings=AUTOMATIC, occupied=Occupied(), actor="user:anna", now=NOW)


def test_gates_that_are_switched_off_hold_nothing() -> None:
    gates = QualityGates(
        words_min=0,
        headings_min=0,
        meta_required=False,
        alt_texts_required=False,
        unique_title_required=False,
    )

    outcome = reviewed(
        settings(auto_approve_content=True, quality_gates=gates),
        title_is_used=True,
        text=text(html="", meta_title="", meta_description=""),
    )

    assert outcome.content.status is ContentStatus.APPROVED

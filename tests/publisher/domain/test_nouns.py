"""Sites, sectors, publications and the events about content."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.refusal import RequestInvalid, StateConflict
from services.publisher.domain import events
from services.publisher.domain.content import ContentStatus, SiteStatus
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.domain.sector import Sector
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from tests.publisher.domain.builders import NOW, content

APPROVED = ContentStatus.APPROVED


def site(**more: Any) -> Site:
    return Site.create(**{"id": "s", "account_id": "a", "name": "Garden Notes", "now": NOW, **more})


def publication(state: PublicationState = PublicationState.PENDING, **more: Any) -> Publication:
    given: dict[str, Any] = {"id": "p", "account_id": "a", "site_id": "s", "content_id": "c", "marker": "m"}
    return Publication(**{**given, **more}, target=Target.HOSTED, state=state, created_at=NOW, updated_at=NOW)


def test_a_site_gets_a_slug_of_its_name_and_keeps_it() -> None:
    given = site(name="  Garden \n Notes ")

    assert (given.name, given.slug) == ("Garden Notes", "garden-notes")
    assert (
        given.edit(name="Soil Notes", description="", language="it", etag="", now=NOW).slug == "garden-notes"
    )


@pytest.mark.parametrize(
    ("fault", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 201}, "name"), ({"slug": "My Slug"}, "slug")],
)
def test_a_site_with_a_wrong_name_or_slug_is_refused(fault: dict[str, str], field: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        site(**fault)

    assert [each.field for each in refused.value.fields] == [field]


def test_a_sector_without_a_name_is_refused() -> None:
    with pytest.raises(RequestInvalid):
        Sector.create(id="x", account_id="a", site_id="s", name="", now=NOW)


def test_a_delivery_counts_its_attempts_and_arrives_once() -> None:
    sent = publication().begin(content_version=3, now=NOW)
    arrived = sent.arrive(external_id="7", external_url="/published/s/c", now=NOW)

    assert (sent.attempts, sent.content_version) == (1, 3)
    assert arrived.state is PublicationState.PUBLISHED
    assert arrived.arrive(external_id="7", external_url="", now=NOW) is arrived


def test_a_delivery_whose_answer_was_lost_is_adopted_when_it_is_found() -> None:
    lost = publication(PublicationState.DELIVERING).lose_answer("No answer.", now=NOW)

    assert lost.state is PublicationState.UNCONFIRMED
    assert lost.arrive(external_id="7", external_url="", now=NOW).state is PublicationState.PUBLISHED


def test_a_delivery_on_its_way_is_not_started_twice() -> None:
    with pytest.raises(StateConflict, match="delivering"):
        publication(PublicationState.DELIVERING).begin(content_version=1, now=NOW)


@pytest.mark.parametrize(
    "state", [PublicationState.PENDING, PublicationState.FAILED, PublicationState.RETRACTED]
)
def test_what_is_not_on_its_way_neither_arrives_nor_fails(state: PublicationState) -> None:
    with pytest.raises(StateConflict):
        publication(state).arrive(external_id="7", external_url="", now=NOW)
    with pytest.raises(StateConflict):
        publication(state).fail("Down.", now=NOW)


def test_a_publication_is_retracted_once_it_was_published_and_may_go_out_again() -> None:
    retracted = publication(PublicationState.PUBLISHED).retract(now=NOW)

    assert retracted.retract(now=NOW) is retracted
    assert retracted.begin(content_version=4, now=NOW).state is PublicationState.DELIVERING
    with pytest.raises(StateConflict):
        publication().retract(now=NOW)


def test_a_failed_delivery_can_be_tried_again_and_forgets_its_error() -> None:
    failed = publication(PublicationState.DELIVERING).fail("Down.", now=NOW)

    assert (failed.error, failed.begin(content_version=1, now=NOW).error) == ("Down.", "")


def test_every_event_names_the_content_and_its_states() -> None:
    event = events.ContentUnscheduled.of(content(APPROVED), now=NOW)

    assert (event.account_id, event.site_id, event.content_id) == ("account-1", "site-1", "content-1")
    assert (event.title, event.status, event.site_status) == (
        "How to start composting",
        "approved",
        "not_published",
    )


def test_events_carry_what_their_readers_need_and_not_the_article() -> None:
    created = events.ContentCreated.of(content(), now=NOW)
    published = events.ContentPublished.of(
        content(APPROVED, SiteStatus.PUBLISHED, external_url="https://a/b"), now=NOW
    )
    failed = events.ContentPublishFailed.of(
        content(APPROVED, SiteStatus.FAILED, publish_error="Down."), now=NOW
    )
    unconfirmed = events.ContentPublishUnconfirmed.of(
        content(APPROVED, SiteStatus.UNCONFIRMED, publish_error="No answer."), now=NOW
    )

    assert (created.task_id, created.word_count > 300) == ("task-1", True)
    assert (published.published_at, published.external_url) == (NOW, "https://a/b")
    assert (failed.error, unconfirmed.error) == ("Down.", "No answer.")
    assert not hasattr(created, "html")


def test_a_missed_schedule_says_how_late_it_is_and_what_the_rule_is() -> None:
    missed = events.ContentScheduleMissed.of(
        content(APPROVED, SiteStatus.SCHEDULED), now=NOW + timedelta(minutes=30), catch_up="hold"
    )

    assert (missed.late_seconds, missed.catch_up, missed.scheduled_publish_at) == (1800, "hold", NOW)

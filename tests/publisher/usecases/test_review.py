"""Taking content into review, approving it and sending it back, on the real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chassis.refusal import NotFound, StaleEtag, StateConflict
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.image import ImageStatus
from services.publisher.usecases import review
from tests.publisher.newsroom import EDITOR, Newsroom

FIRST_SLOT = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)


def test_a_draft_goes_to_review_and_waits_for_a_person(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site())

    content = newsroom.submit(draft)

    assert content.status is ContentStatus.REVIEW
    assert newsroom.read(draft).status is ContentStatus.REVIEW
    assert newsroom.events(draft) == ["ready_for_review"]


def test_content_that_passes_the_gates_is_approved_by_itself(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True))

    newsroom.submit(draft)

    assert newsroom.read(draft).status is ContentStatus.APPROVED
    assert newsroom.read(draft).site_status is SiteStatus.NOT_PUBLISHED
    assert [told["actor"] for told in newsroom.told("approved")] == ["auto_approve"]


def test_approved_content_gets_the_next_slot_by_itself(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True, auto_schedule=True))

    newsroom.submit(draft)

    content = newsroom.read(draft)
    assert (content.site_status, content.scheduled_publish_at) == (SiteStatus.SCHEDULED, FIRST_SLOT)
    assert newsroom.events(draft) == ["approved", "scheduled"]
    assert "is a publishing time of the site" in newsroom.told("scheduled")[0]["explanation"]


def test_a_gate_holds_content_back_and_says_why(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_approve_content=True, auto_schedule=True)
    short = newsroom.draft(site, html="<p>Too short.</p>", meta_title="")

    newsroom.submit(short)

    content = newsroom.read(short)
    assert (content.status, content.site_status) == (ContentStatus.REVIEW, SiteStatus.NOT_PUBLISHED)
    assert "The article has 2 words; at least 300 are asked for." in content.review_note
    assert "The meta title is empty." in content.review_note
    assert newsroom.told("ready_for_review")[0]["review_note"] == content.review_note


def test_a_title_that_the_site_has_holds_content_back_however_it_is_written(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_approve_content=True)
    newsroom.draft(site, title="How to compost")

    content = newsroom.submit(newsroom.draft(site, title="HOW  to Compost"))

    assert content.review_note == "Another article of this site has the same title."


def test_another_site_may_have_the_same_title(newsroom: Newsroom) -> None:
    newsroom.draft(newsroom.site(), title="How to compost")
    site = newsroom.site(auto_approve_content=True)

    content = newsroom.submit(newsroom.draft(site, title="How to compost"))

    assert content.status is ContentStatus.APPROVED


def test_a_draft_waits_for_its_pending_images(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True))
    newsroom.image(draft, position=1, status=ImageStatus.PENDING)

    with pytest.raises(StateConflict) as refused:
        newsroom.submit(draft)

    assert refused.value.metadata["pending_images"] == "1"
    assert newsroom.read(draft).status is ContentStatus.DRAFT
    assert newsroom.events() == []


def test_an_image_that_finally_failed_holds_nothing_up(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True))
    newsroom.image(draft)
    newsroom.image(draft, position=1, status=ImageStatus.FAILED)

    assert newsroom.submit(draft).status is ContentStatus.APPROVED


def test_submitting_twice_is_a_quiet_success(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True, auto_schedule=True))
    newsroom.submit(draft)

    again = newsroom.submit(draft)

    assert again.scheduled_publish_at == FIRST_SLOT
    assert newsroom.events(draft) == ["approved", "scheduled"]


def test_submitting_at_once_from_several_doors_takes_one_slot(newsroom: Newsroom) -> None:
    draft = newsroom.draft(newsroom.site(auto_approve_content=True, auto_schedule=True))

    with ThreadPoolExecutor(4) as doors:
        list(doors.map(newsroom.submit, [draft] * 4))

    assert newsroom.events(draft) == ["approved", "scheduled"]


def test_a_person_approves_what_a_gate_held_back(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_approve_content=True)
    held_back = newsroom.submit(newsroom.draft(site, html="<p>Short.</p>"))

    approved = newsroom.approve(held_back)

    assert (approved.status, approved.review_note) == (ContentStatus.APPROVED, "")
    assert newsroom.told("approved")[0]["actor"] == EDITOR


def test_a_stale_approval_is_refused(newsroom: Newsroom) -> None:
    content = newsroom.in_review(newsroom.site())

    with pytest.raises(StaleEtag):
        newsroom.approve(content, etag="0")

    assert newsroom.read(content).status is ContentStatus.REVIEW


def test_a_draft_cannot_be_approved(newsroom: Newsroom) -> None:
    with pytest.raises(StateConflict, match="Submit it for review first"):
        newsroom.approve(newsroom.draft(newsroom.site()))


def test_concurrent_approvals_keep_every_limit_and_use_no_slot_twice(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_schedule=True, daily_limit=1, weekly_limit=3)
    waiting = [newsroom.in_review(site) for _ in range(8)]

    with ThreadPoolExecutor(8) as people:
        approved = list(people.map(newsroom.approve, waiting))

    times = sorted(content.scheduled_publish_at for content in approved if content.scheduled_publish_at)
    weeks = [at.isocalendar().week for at in times]
    assert len({at.date() for at in times}) == len(times) == 8
    assert [weeks.count(week) for week in sorted(set(weeks))] == [3, 3, 2]


def test_a_returned_article_is_a_draft_with_the_note(newsroom: Newsroom) -> None:
    returned = newsroom.send_back(newsroom.approved(newsroom.site()), note=" Cite a source. ")

    assert (returned.status, returned.review_note) == (ContentStatus.DRAFT, "Cite a source.")
    assert newsroom.read(returned).review_note == "Cite a source."


def test_returning_with_the_same_note_again_is_a_quiet_success(newsroom: Newsroom) -> None:
    returned = newsroom.send_back(newsroom.in_review(newsroom.site()), note="Cite a source.")

    assert newsroom.send_back(returned, note="Cite a source.") == returned


def test_scheduled_content_has_to_come_off_the_calendar_before_it_is_returned(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site())

    with pytest.raises(StateConflict, match="Unschedule it first"):
        newsroom.send_back(content)


def test_a_revised_article_goes_through_review_again(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_approve_content=True, auto_schedule=True)
    content = newsroom.unschedule(newsroom.submit(newsroom.draft(site)))
    newsroom.clock.advance(hours=1)

    again = newsroom.submit(newsroom.send_back(content))

    assert again.scheduled_publish_at == FIRST_SLOT
    assert again.updated_at == newsroom.clock.now() > content.created_at + timedelta(minutes=1)


@pytest.mark.parametrize(
    "usecase", [review.submit_for_review, review.approve_content], ids=["submit", "approve"]
)
def test_content_of_another_account_is_not_found(newsroom: Newsroom, usecase: Callable[..., Content]) -> None:
    content = newsroom.draft(newsroom.site(account_id=OTHER_ACCOUNT_ID))
    mine = newsroom.site()

    with pytest.raises(NotFound):
        newsroom.run(usecase, content_id=content.id, account_id=mine.account_id, actor=EDITOR)

    assert newsroom.read(content).status is ContentStatus.DRAFT

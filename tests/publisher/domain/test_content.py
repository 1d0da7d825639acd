"""Content moves on its two axes, and refuses every other move with its state and the way out."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chassis.refusal import RequestInvalid, StaleEtag, StateConflict
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from tests.publisher.domain.builders import NOW, content, text

LATER = NOW + timedelta(days=1)
APPROVED = ContentStatus.APPROVED

Move = Callable[[Content], Content]
EDITORIAL: dict[str, Move] = {
    "approve": lambda given: given.approve(now=LATER),
    "send_back": lambda given: given.send_back("Shorter, please.", now=LATER),
    "schedule": lambda given: given.schedule(LATER, now=NOW),
    "start_publishing": lambda given: given.start_publishing(now=LATER),
}
DELIVERY: dict[str, Move] = {
    "schedule": lambda given: given.schedule(LATER, now=NOW),
    "move": lambda given: given.move(LATER, now=NOW),
    "unschedule": lambda given: given.unschedule(now=LATER),
    "start_publishing": lambda given: given.start_publishing(now=LATER),
    "confirm_published": lambda given: given.confirm_published(
        version=1, external_id="7", external_url="https://a/b", now=LATER
    ),
    "fail_publishing": lambda given: given.fail_publishing("The target is down.", now=LATER),
    "leave_unconfirmed": lambda given: given.leave_unconfirmed("No answer.", now=LATER),
    "unpublish": lambda given: given.unpublish(now=LATER),
    "edit": lambda given: given.edit(text(title="Another"), etag="", now=LATER),
    "send_back": lambda given: given.send_back("Shorter, please.", now=LATER),
}
ALLOWED = {
    ("schedule", SiteStatus.NOT_PUBLISHED): SiteStatus.SCHEDULED,
    ("schedule", SiteStatus.FAILED): SiteStatus.SCHEDULED,
    ("move", SiteStatus.SCHEDULED): SiteStatus.SCHEDULED,
    ("unschedule", SiteStatus.SCHEDULED): SiteStatus.NOT_PUBLISHED,
    ("start_publishing", SiteStatus.NOT_PUBLISHED): SiteStatus.PUBLISHING,
    ("start_publishing", SiteStatus.SCHEDULED): SiteStatus.PUBLISHING,
    ("start_publishing", SiteStatus.FAILED): SiteStatus.PUBLISHING,
    ("confirm_published", SiteStatus.PUBLISHING): SiteStatus.PUBLISHED,
    ("confirm_published", SiteStatus.UNCONFIRMED): SiteStatus.PUBLISHED,
    ("confirm_published", SiteStatus.PUBLISHED): SiteStatus.PUBLISHED,
    ("fail_publishing", SiteStatus.PUBLISHED): SiteStatus.PUBLISHED,
    ("leave_unconfirmed", SiteStatus.PUBLISHED): SiteStatus.PUBLISHED,
    ("fail_publishing", SiteStatus.PUBLISHING): SiteStatus.FAILED,
    ("fail_publishing", SiteStatus.UNCONFIRMED): SiteStatus.FAILED,
    ("leave_unconfirmed", SiteStatus.PUBLISHING): SiteStatus.UNCONFIRMED,
    ("leave_unconfirmed", SiteStatus.UNCONFIRMED): SiteStatus.UNCONFIRMED,
    ("unpublish", SiteStatus.PUBLISHED): SiteStatus.NOT_PUBLISHED,
    ("edit", SiteStatus.NOT_PUBLISHED): SiteStatus.NOT_PUBLISHED,
    ("edit", SiteStatus.SCHEDULED): SiteStatus.SCHEDULED,
    ("edit", SiteStatus.PUBLISHED): SiteStatus.PUBLISHED,
    ("edit", SiteStatus.FAILED): SiteStatus.FAILED,
    ("send_back", SiteStatus.NOT_PUBLISHED): SiteStatus.NOT_PUBLISHED,
    ("send_back", SiteStatus.FAILED): SiteStatus.FAILED,
}
REFUSED = [(move, state) for move in DELIVERY for state in SiteStatus if (move, state) not in ALLOWED]


@pytest.mark.parametrize(("move", "state", "after"), [(*key, after) for key, after in ALLOWED.items()])
def test_a_right_move_of_delivery(move: str, state: SiteStatus, after: SiteStatus) -> None:
    moved = DELIVERY[move](content(APPROVED, state))

    assert moved.site_status is after


@pytest.mark.parametrize(("move", "state"), REFUSED)
def test_a_wrong_move_of_delivery_names_the_state_and_the_way_out(move: str, state: SiteStatus) -> None:
    with pytest.raises(StateConflict) as refused:
        DELIVERY[move](content(APPROVED, state))

    assert refused.value.metadata == {"kind": "content", "state": state.value}
    assert f"This content is {state.value.replace('_', ' ')} and cannot be" in refused.value.message
    assert refused.value.message.count(". ") == 1


@pytest.mark.parametrize(
    ("move", "state"),
    [
        ("approve", ContentStatus.DRAFT),
        ("send_back", ContentStatus.DRAFT),
        ("schedule", ContentStatus.DRAFT),
        ("schedule", ContentStatus.REVIEW),
        ("start_publishing", ContentStatus.DRAFT),
        ("start_publishing", ContentStatus.REVIEW),
    ],
)
def test_a_wrong_editorial_move_names_the_state(move: str, state: ContentStatus) -> None:
    with pytest.raises(StateConflict, match=f"This content is {state} and cannot be") as refused:
        EDITORIAL[move](content(state))

    assert refused.value.metadata["state"] == state


def test_a_draft_without_pending_images_goes_to_review_and_on_to_approved() -> None:
    approved = content().submit_for_review(pending_images=0, now=NOW).approve(now=LATER)

    assert (approved.status, approved.updated_at) == (APPROVED, LATER)


def test_a_draft_with_pending_images_stays_a_draft_and_says_how_many() -> None:
    with pytest.raises(StateConflict, match="has 2 images that are not made yet") as refused:
        content().submit_for_review(pending_images=2, now=NOW)

    assert refused.value.metadata["pending_images"] == "2"


@pytest.mark.parametrize("state", [ContentStatus.REVIEW, APPROVED])
def test_asking_for_review_again_is_a_quiet_success(state: ContentStatus) -> None:
    given = content(state)

    assert given.submit_for_review(pending_images=0, now=LATER) is given


def test_approving_again_is_a_quiet_success() -> None:
    given = content(APPROVED)

    assert given.approve(now=LATER) is given


def test_sending_back_keeps_the_note_until_the_next_review() -> None:
    sent_back = content(ContentStatus.REVIEW).send_back("  Shorter, please. ", now=NOW)

    assert (sent_back.status, sent_back.review_note) == (ContentStatus.DRAFT, "Shorter, please.")
    assert sent_back.submit_for_review(pending_images=0, now=NOW).review_note == ""


def test_a_note_of_a_novel_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="note has 2,001 characters"):
        content(ContentStatus.REVIEW).send_back("x" * 2_001, now=NOW)


def test_an_edit_is_a_version_with_another_etag_and_a_new_count() -> None:
    edited = content().edit(text(html="<p>Two words</p>"), etag="1", now=LATER)

    assert (edited.version, edited.etag, edited.word_count, edited.updated_at) == (2, "2", 2, LATER)


def test_an_edit_of_what_somebody_else_has_changed_is_refused() -> None:
    edited = content().edit(text(title="First"), etag="1", now=NOW)

    with pytest.raises(StaleEtag):
        edited.edit(text(title="Second"), etag="1", now=LATER)


def test_saving_the_same_text_again_is_no_version() -> None:
    given = content()

    assert given.edit(text(), etag="1", now=LATER) is given


def test_a_move_of_state_leaves_the_etag_alone() -> None:
    given = content()

    assert given.submit_for_review(pending_images=0, now=LATER).etag == given.etag


def test_a_version_keeps_the_text_and_who_wrote_it() -> None:
    version = content().current_version(edited_by="service:ai")

    assert (version.content_id, version.version, version.text) == ("content-1", 1, text())
    assert (version.edited_by, version.created_at) == ("service:ai", NOW)


@pytest.mark.parametrize("title", ["", "   ", "x" * 10_000])
def test_a_title_that_is_empty_or_endless_is_refused(title: str) -> None:
    with pytest.raises(RequestInvalid, match="title"):
        text(title=title)


def test_a_time_in_the_past_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="in the past"):
        content(APPROVED).schedule(NOW - timedelta(seconds=1), now=NOW)


def test_scheduling_for_the_same_time_again_is_a_quiet_success() -> None:
    scheduled = content(APPROVED).schedule(LATER, now=NOW)

    assert scheduled.schedule(LATER, now=NOW) is scheduled


def test_a_move_changes_the_time_and_unscheduling_takes_it_away() -> None:
    scheduled = content(APPROVED).schedule(LATER, now=NOW)

    moved = scheduled.move(LATER + timedelta(hours=1), now=NOW)

    assert moved.scheduled_publish_at == LATER + timedelta(hours=1)
    assert moved.unschedule(now=NOW).scheduled_publish_at is None


def test_publishing_keeps_what_the_target_said() -> None:
    published = (
        content(APPROVED)
        .start_publishing(now=NOW)
        .confirm_published(version=1, external_id="7", external_url="https://a/b", now=LATER)
    )

    assert (published.external_id, published.external_url) == ("7", "https://a/b")
    assert (published.published_at, published.scheduled_publish_at) == (LATER, None)


def test_what_was_edited_after_its_publication_is_published_as_it_was_until_it_arrives_anew() -> None:
    published = content(APPROVED, SiteStatus.PUBLISHED)
    edited = published.edit(text(title="Another"), etag="", now=LATER)

    failed = edited.fail_publishing("The target is down.", now=LATER)
    arrived = failed.confirm_published(version=2, external_id="7", external_url="https://a/b", now=LATER)

    assert (edited.version, edited.published_version) == (2, 1)
    assert (failed.site_status, failed.published_version) == (SiteStatus.PUBLISHED, 1)
    assert (arrived.published_version, arrived.publish_error) == (2, "")
    assert arrived.published_at == published.published_at


def test_an_article_reads_as_one_of_its_versions() -> None:
    first = content()
    kept = first.current_version(edited_by="user:1")
    edited = first.edit(text(title="Another", html="<p>One two.</p>"), etag="", now=LATER)

    assert edited.as_of(kept) == first


def test_a_failed_delivery_says_why_and_a_retry_forgets_it() -> None:
    failed = content(APPROVED, SiteStatus.PUBLISHING).fail_publishing("The target is down.", now=NOW)

    assert (failed.publish_error, failed.scheduled_publish_at) == ("The target is down.", None)
    assert failed.start_publishing(now=LATER).publish_error == ""


def test_unpublished_content_keeps_the_id_of_its_page_for_the_next_delivery() -> None:
    published = content(APPROVED, SiteStatus.PUBLISHED, external_id="7", external_url="https://a/b")

    unpublished = published.unpublish(now=LATER)

    assert (unpublished.external_id, unpublished.published_at) == ("7", None)
    assert (unpublished.external_url, unpublished.published_version) == ("", 0)

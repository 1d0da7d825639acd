"""A delivery asked for, taken up, taken over and asked for again."""

from collections.abc import Callable

import pytest

from chassis.refusal import StateConflict
from services.publisher.domain.publication import Action, Publication, PublicationState
from services.publisher.domain.target import Target
from tests.publisher.domain.builders import NOW, content


def test_a_publication_begins_by_waiting() -> None:
    asked = _asked()

    assert (asked.state, asked.attempts, asked.content_id) == (PublicationState.PENDING, 0, "content-1")


def test_another_publisher_takes_over_what_one_left() -> None:
    begun = _asked().begin(content_version=1, now=NOW)

    taken_over = begun.take_over(content_version=2, now=NOW)

    assert (taken_over.state, taken_over.attempts) == (PublicationState.DELIVERING, 2)
    assert (taken_over.marker, taken_over.content_version) == (begun.marker, 2)


def test_what_failed_is_asked_for_again_with_its_marker_and_new_attempts() -> None:
    failed = _asked().begin(content_version=1, now=NOW).fail("No.", now=NOW)

    again = failed.ask_again(now=NOW)

    assert (again.state, again.attempts, again.error) == (PublicationState.PENDING, 0, "")
    assert (again.id, again.marker) == (failed.id, failed.marker)


@pytest.mark.parametrize("state", ["pending", "delivering", "unconfirmed"])
def test_what_is_open_is_not_asked_for_again(state: str) -> None:
    begun = _asked().begin(content_version=1, now=NOW)
    open_ones = {
        "pending": _asked(),
        "delivering": begun,
        "unconfirmed": begun.lose_answer("The answer was lost.", now=NOW),
    }

    with pytest.raises(StateConflict, match="Wait until its delivery has ended"):
        open_ones[state].ask_again(now=NOW)


def test_what_arrived_is_seen_in_its_version_until_another_arrives() -> None:
    published = _published(version=1)

    updating = published.ask_again(now=NOW).begin(content_version=2, now=NOW)
    failed = updating.fail("No.", now=NOW)
    arrived = updating.arrive(external_id="7", external_url="", now=NOW)

    assert (updating.content_version, updating.published_version) == (2, 1)
    assert (failed.state, failed.published_version, failed.error) == (PublicationState.PUBLISHED, 1, "No.")
    assert (arrived.state, arrived.published_version) == (PublicationState.PUBLISHED, 2)


def test_taking_it_off_is_a_delivery_of_its_own() -> None:
    published = _published(version=3)

    asked = published.ask_to_retract(now=NOW)
    begun = asked.begin(content_version=4, now=NOW)
    retracted = begun.take_over(content_version=5, now=NOW).retract(now=NOW)

    assert (asked.state, asked.action) == (PublicationState.PENDING, Action.UNPUBLISH)
    assert (begun.content_version, begun.published_version) == (3, 3)
    assert (retracted.state, retracted.published_version) == (PublicationState.RETRACTED, 0)
    assert retracted.external_id == published.external_id


def test_what_could_not_be_taken_off_is_published_still() -> None:
    kept = (
        _published(version=1).ask_to_retract(now=NOW).begin(content_version=1, now=NOW).fail("No.", now=NOW)
    )

    assert (kept.state, kept.published_version) == (PublicationState.PUBLISHED, 1)
    assert kept.ask_again(now=NOW).action is Action.PUBLISH


@pytest.mark.parametrize(
    "publication",
    [
        lambda: _asked(),
        lambda: _published(version=1).ask_again(now=NOW),
        lambda: _published(version=1).retract(now=NOW),
    ],
    ids=["new", "being updated", "retracted"],
)
def test_only_what_is_at_rest_and_seen_is_taken_off(publication: Callable[[], Publication]) -> None:
    with pytest.raises(StateConflict):
        publication().ask_to_retract(now=NOW)


def _published(*, version: int) -> Publication:
    begun = _asked().begin(content_version=version, now=NOW)
    return begun.arrive(external_id="7", external_url="https://a/b", now=NOW)


def _asked() -> Publication:
    return Publication.ask(
        id="publication-1", content=content(), target=Target.HOSTED, marker="5eed", now=NOW
    )

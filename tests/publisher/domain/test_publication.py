"""A delivery asked for, taken up, taken over and asked for again."""

import pytest

from chassis.refusal import StateConflict
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.domain.target import Target
from tests.publisher.domain.builders import NOW, content


def test_a_publication_begins_by_waiting() -> None:
    asked = _asked()

    assert (asked.state, asked.attempts, asked.content_id) == (PublicationState.PENDING, 0, "content-1")


def test_another_publisher_takes_over_what_one_left() -> None:
    begun = _asked().begin(content_version=1, now=NOW)

    taken_over = begun.take_over(now=NOW)

    assert (taken_over.state, taken_over.attempts) == (PublicationState.DELIVERING, 2)
    assert taken_over.marker == begun.marker


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

    with pytest.raises(StateConflict, match="Wait until it has ended"):
        open_ones[state].ask_again(now=NOW)


def _asked() -> Publication:
    return Publication.ask(
        id="publication-1", content=content(), target=Target.HOSTED, marker="5eed", now=NOW
    )

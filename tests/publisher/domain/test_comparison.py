"""What two texts have differently: every word is in its place, and each text can be read back from the parts."""

import itertools
import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.comparison import Part, PartKind, compare
from services.publisher.domain.content_text import ContentText

SAME, REMOVED, ADDED = PartKind.SAME, PartKind.REMOVED, PartKind.ADDED


def text(**words: Any) -> ContentText:
    return ContentText(**{"title": "Compost", "html": "<p>Small.</p>", **words})


def test_equal_texts_have_no_changes() -> None:
    assert compare(text(), text()) == []


def test_a_word_that_changed_is_removed_and_added_in_its_place() -> None:
    (change,) = compare(text(title="How to compost well"), text(title="How to garden well"))

    assert change.field == "title"
    assert change.parts == (
        Part(SAME, "How to "),
        Part(REMOVED, "compost "),
        Part(ADDED, "garden "),
        Part(SAME, "well"),
    )


def test_of_html_the_words_are_compared_that_a_reader_sees() -> None:
    (change,) = compare(text(html="<p>Turn it weekly.</p>"), text(html="<p>Turn it <b>often</b>.</p>"))

    assert change.field == "html"
    assert "<b>" not in "".join(part.text for part in change.parts)
    assert Part(SAME, "Turn it ") in change.parts


def test_html_that_reads_the_same_is_compared_by_its_source() -> None:
    (change,) = compare(text(html="<p>Turn it</p>"), text(html="<p><b>Turn</b> it</p>"))

    assert any("<b>" in part.text for part in change.parts if part.kind is ADDED)


def test_lists_are_compared_by_their_names() -> None:
    (change,) = compare(text(tags=("soil", "worms")), text(tags=("soil", "heat")))

    assert change.parts == (Part(SAME, "soil, "), Part(REMOVED, "worms"), Part(ADDED, "heat"))


def test_long_texts_are_compared_in_good_time() -> None:
    before = "<p>" + " ".join(f"word{number}" for number in range(60_000)) + "</p>"
    after = "<p>" + " ".join(f"other{number}" for number in range(60_000)) + "</p>"
    began = time.process_time()

    (change,) = compare(text(html=before), text(html=after))

    assert [part.kind for part in change.parts] == [REMOVED, ADDED]
    assert time.process_time() - began < 20


words = st.lists(st.sampled_from(["a", "b", "c", " ", "\n", "dd"]), max_size=20).map("".join)


@given(words, words)
def test_both_texts_can_be_read_back(before: str, after: str) -> None:
    changes = compare(text(excerpt=before), text(excerpt=after))

    if before == after:
        assert changes == []
        return
    (change,) = changes
    assert "".join(part.text for part in change.parts if part.kind is not ADDED) == before
    assert "".join(part.text for part in change.parts if part.kind is not REMOVED) == after
    kinds = [part.kind for part in change.parts]
    assert all(one is not other for one, other in itertools.pairwise(kinds))

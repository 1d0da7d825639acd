"""When two keywords are one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.refusal import RequestInvalid
from services.publisher.domain.keyword import keyword_by_hand
from services.publisher.domain.keyword_text import clean, normalise


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Worm Bin", "worm bin"),
        ("  worm \t bin\n", "worm bin"),
        ("worm\u00a0bin", "worm bin"),
        ("ｗｏｒｍ　ｂｉｎ", "worm bin"),
        ("gardener’s compost", "gardener's compost"),
        ("gardener`s compost", "gardener's compost"),
        ("“worm bin”", '"worm bin"'),
        ("STRASSE", "straße"),
        ("cafe\u0301", "café"),
        ("worm\u200b bin\u00ad", "worm bin"),
        ("ﬁne compost", "fine compost"),
        ("ŉ bin", "'n bin"),
        ("5‴ pot", "5''' pot"),
    ],
)
def test_case_width_spacing_and_quotes_make_no_other_keyword(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"), [("worm bin", "bin worm"), ("cafe", "café"), ("5 gallon", "6 gallon"), ("c", "c++")]
)
def test_word_order_accents_and_signs_make_another_keyword(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


@given(st.text())
def test_what_is_shown_normalises_like_what_was_written(text: str) -> None:
    assert normalise(clean(text)) == normalise(text)


@given(st.lists(st.text(alphabet="abcXYZéßé", min_size=1), min_size=1))
def test_words_keep_their_order(words: list[str]) -> None:
    assert normalise("  ".join(words)).split() == [normalise(word) for word in words]


def test_a_keyword_typed_by_hand_is_cleaned() -> None:
    assert keyword_by_hand("  Worm   Bin ") == ("Worm Bin", "worm bin")


@pytest.mark.parametrize("text", ["", "   ", "=1+1", "x" * 201, "!!!", "\ufdfa" * 100])
def test_a_keyword_typed_by_hand_is_refused_like_one_in_a_file(text: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        keyword_by_hand(text)

    assert [fault.field for fault in refused.value.fields] == ["keyword"]

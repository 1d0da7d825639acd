"""Small English: titles, plurals, slugs and clipping."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ai.providers.offline.language import (
    clip,
    gerund,
    joined,
    lower_case,
    plain,
    plural,
    slug_of,
    title_case,
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("how to build raised garden beds", "How to Build Raised Garden Beds"),
        ("vpn vs proxy", "VPN vs Proxy"),
        ("what is it to us", "What Is It to Us"),
        ("wordpress hosting", "WordPress Hosting"),
        ("iPhone cases", "iPhone Cases"),
        ("VPNs for tvs", "VPNs for TVs"),
        ("", ""),
    ],
)
def test_titles_keep_small_words_small_and_names_as_they_are_written(text: str, title: str) -> None:
    assert title_case(text) == title


@pytest.mark.parametrize(
    ("singular", "several"),
    [
        ("garden bed", "garden beds"),
        ("tent for camping", "tents for camping"),
        ("tomato", "tomatoes"),
        ("cherry", "cherries"),
        ("trash box", "trash boxes"),
        ("dog food", "dog food"),
        ("puppy training", "puppy training"),
        ("running shoes", "running shoes"),
        ("car insurance", "car insurance"),
        ("vpn", "vpn"),
        ("咖啡", "咖啡"),
    ],
)
def test_the_head_noun_takes_the_plural_where_it_has_one(singular: str, several: str) -> None:
    assert plural(singular) == several


def test_a_title_in_a_sentence_is_small_but_for_names() -> None:
    assert (
        lower_case("How Should I Compare a VPN and WordPress") == "how should I compare a VPN and WordPress"
    )


@given(st.text(max_size=300), st.integers(2, 120))
def test_clipped_text_is_never_longer_than_asked(text: str, length_max: int) -> None:
    assert len(clip(text, length_max)) <= length_max


@given(st.text(max_size=200))
def test_a_slug_is_lower_case_words_and_hyphens(text: str) -> None:
    slug = slug_of(text)

    assert 1 <= len(slug) <= 80
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not slug.startswith("-")
    assert not slug.endswith("-")


def test_accents_are_folded_in_slugs() -> None:
    assert slug_of("Crème Brûlée: It's Easy!") == "creme-brulee-its-easy"


def test_control_characters_and_half_characters_are_left_out_and_lines_joined() -> None:
    assert plain(" a\x00b\n c\ud800\td ") == "ab c d"


@pytest.mark.parametrize(
    ("items", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_lists_are_joined_as_one_says_them(items: list[str], text: str) -> None:
    assert joined(items) == text


@pytest.mark.parametrize(
    ("verb", "form"),
    [("compost", "composting"), ("use", "using"), ("put", "putting"), ("see", "seeing"), ("mix", "mixing")],
)
def test_a_verb_becomes_an_activity(verb: str, form: str) -> None:
    assert gerund(verb) == form

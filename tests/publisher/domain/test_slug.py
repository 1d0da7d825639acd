"""Slugs are ASCII, short and unique, whatever the title."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.publisher.domain.slug import SLUG_CHARACTERS_MAX, slug_of, unique_slug


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("How to Start Composting", "how-to-start-composting"),
        ("  Don't  waste — it's compost! ", "dont-waste-its-compost"),
        ("Kompost für Anfänger: größer & süßer", "kompost-fur-anfanger-grosser-susser"),
        ("Smørrebrød æøå Łódź", "smorrebrod-aeoa-lodz"),
        ("ｗｉｄｅ", "wide"),
        ("5 ½ tips", "5-1-2-tips"),
        ("堆肥 guide 🔥", "guide"),
    ],
)
def test_a_title_becomes_a_slug(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_titles_without_ascii_letters_keep_their_own_lasting_slug() -> None:
    assert slug_of("堆肥入门") == slug_of("堆肥入门")
    assert slug_of("堆肥入门") != slug_of("🔥🔥")
    assert re.fullmatch(r"article-[0-9a-f]{8}", slug_of("🔥🔥"))


@given(st.text())
def test_any_text_becomes_a_slug_that_is_its_own_slug(text: str) -> None:
    slug = slug_of(text)

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
    assert len(slug) <= SLUG_CHARACTERS_MAX
    assert slug_of(slug) == slug


def test_a_long_title_ends_at_a_word() -> None:
    assert slug_of("composting " * 20) == "-".join(["composting"] * 7)


def test_a_taken_slug_gets_the_first_free_number() -> None:
    taken = {"worm-bin", "worm-bin-2"}

    assert unique_slug("worm-bin", taken=taken.__contains__) == "worm-bin-3"
    assert unique_slug("bokashi", taken=taken.__contains__) == "bokashi"


def test_a_number_keeps_a_long_slug_within_its_length() -> None:
    wanted = "x" * SLUG_CHARACTERS_MAX

    assert unique_slug(wanted, taken={wanted}.__contains__) == "x" * (SLUG_CHARACTERS_MAX - 2) + "-2"

"""The plan of an article: sections in calls of a good size, and as many words as were asked for."""

import pytest

from services.ai.functions.article_plan import PART_WORDS, parts, parts_expected, planned, words_wanted
from services.ai.functions.schemas import ArticleOutline


def an_outline(*words: int) -> ArticleOutline:
    return {
        "title": "Compost",
        "sections": [
            {"heading": f"Section {number}" if number else "", "points": ["All of it"], "words": count}
            for number, count in enumerate(words)
        ],
    }


def test_a_plan_has_the_asked_number_of_words_whatever_the_model_said() -> None:
    plan = planned(an_outline(100, 300, 200), 1_200)

    assert [section["words"] for section in plan["sections"]] == [200, 600, 400]


def test_a_section_never_vanishes() -> None:
    assert planned(an_outline(20, 2_000), 300)["sections"][0]["words"] == 20


def test_every_section_is_written_once_in_order() -> None:
    outline = an_outline(*[150] * 13)

    numbers = [number for part in parts(outline) for number in part]

    assert numbers == list(range(13))


def test_sections_are_written_together_up_to_a_size() -> None:
    assert parts(an_outline(200, 300, 300, 200)) == [[0, 1, 2], [3]]


def test_a_section_beyond_the_size_is_written_alone() -> None:
    assert parts(an_outline(100, PART_WORDS + 1, 100)) == [[0], [1], [2]]


@pytest.mark.parametrize(("written", "wanted"), [(600, 600), (400, 800), (800, 400), (0, 900), (1_200, 360)])
def test_what_is_left_makes_up_for_what_is_written_within_reason(written: int, wanted: int) -> None:
    assert words_wanted(an_outline(600, 600), 1, [written]) == wanted


@pytest.mark.parametrize("words", [100, 500, 1_500, 5_000])
def test_the_parts_that_a_quote_expects_are_enough(words: int) -> None:
    plan = planned(an_outline(*[100] * (words // 100)), words)

    assert len(parts(plan)) <= parts_expected(words) + 1

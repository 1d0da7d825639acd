"""The plan of an article: which sections are written together, and in how many words."""

from collections.abc import Sequence
from typing import Final

from services.ai.functions.schemas import ArticleOutline

PART_WORDS: Final = 800
"""Sections are written together up to so many words: fewer calls read less, and a longer answer strays from its plan."""

STRETCH_MIN, STRETCH_MAX = 0.6, 1.5
"""How much shorter or longer than planned what is left may become, to make up for what is written already."""


def planned(outline: ArticleOutline, words: int) -> ArticleOutline:
    """The outline with its words in all made about `words`."""
    asked = sum(section["words"] for section in outline["sections"])
    return {
        "title": outline["title"],
        "sections": [
            {**section, "words": max(20, round(section["words"] * words / asked))}
            for section in outline["sections"]
        ],
    }


def parts(outline: ArticleOutline) -> list[list[int]]:
    """The numbers of the sections from 0, in the groups that are written by one call each."""
    groups: list[list[int]] = [[]]
    words = 0
    for number, section in enumerate(outline["sections"]):
        if groups[-1] and words + section["words"] > PART_WORDS:
            groups.append([])
            words = 0
        groups[-1].append(number)
        words += section["words"]
    return groups


def words_wanted(outline: ArticleOutline, part: int, written: Sequence[int]) -> int:
    """How long a part should be, so that the whole comes out as planned; `written` is the words of the parts before."""
    planned_words = [
        sum(outline["sections"][number]["words"] for number in numbers) for numbers in parts(outline)
    ]
    left = sum(planned_words[part:])
    stretch = (sum(planned_words) - sum(written)) / left
    return round(planned_words[part] * min(STRETCH_MAX, max(STRETCH_MIN, stretch)))


def parts_expected(words: int) -> int:
    """About how many parts an article of so many words has, before there is an outline."""
    return -(-words // (PART_WORDS * 3 // 4))

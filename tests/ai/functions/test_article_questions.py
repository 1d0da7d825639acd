"""What the model reads for each part of an article: what that part needs, and nothing twice."""

from typing import Any, cast

import pytest

from services.ai.domain.function_names import FunctionName
from services.ai.domain.task_item import TaskItem
from services.ai.functions.article_plan import parts
from services.ai.functions.registry import FUNCTIONS
from services.ai.functions.schemas import WriteSectionsInput
from services.ai.providers.offline.articles import generate_content, outline, write_sections
from services.ai.providers.port import TextRequest
from tests.ai.functions.builders import a_task, an_item
from tests.ai.providers.offline.requests import article

BRIEF = "Compare cedar with larch."
SECTIONS = [
    {"heading": "", "points": ["why a raised bed"], "words": 500},
    {"heading": "Which Wood", "points": ["cedar lasts longest"], "words": 500},
    {"heading": "Which Soil", "points": ["two parts of compost"], "words": 500},
]
LINKS = [("Soil", "/soil?a=1&b=2"), ("Wood", "/wood")]


def an_article(*written: str) -> TaskItem:
    """An item whose outline and so many parts are there."""
    asked: dict[str, Any] = article(words=1_500, links=LINKS)
    asked["task"]["brief"] = BRIEF
    outline = {"title": "Raised Beds", "sections": SECTIONS}
    return an_item(input=asked, drafts=(outline, *({"html": html} for html in written)))


def asked_of(item: TaskItem) -> TextRequest:
    request = FUNCTIONS[FunctionName.GENERATE_CONTENT].request(a_task(), item)
    assert isinstance(request, TextRequest)
    return request


def test_a_part_reads_the_plan_of_its_own_sections_and_the_headings_of_all() -> None:
    user = asked_of(an_article("<p>Why.</p>")).user

    assert "cedar lasts longest" in user
    assert "two parts of compost" not in user
    assert "Which Soil" in user


def test_the_brief_is_read_for_the_outline_alone() -> None:
    outline, part = asked_of(an_item(input=an_article().input)), asked_of(an_article())

    assert BRIEF in outline.user
    assert BRIEF not in part.user


def test_every_part_is_offered_the_same_pages() -> None:
    first = asked_of(an_article()).user
    second = asked_of(an_article('<p><a href="/soil?a=1&amp;b=2">Soil</a></p>')).user

    assert all(page in user for page in ("/soil", "/wood") for user in (first, second))


@pytest.mark.parametrize("words", [900, 1_300, 2_000])
def test_parts_with_links_come_to_the_article_that_was_planned(words: int) -> None:
    asked: Any = article(words=words, links=LINKS)
    plan = outline(asked, seed=7)
    written: list[dict[str, str]] = []
    for _ in parts(plan):
        request = asked_of(an_item(input=asked, drafts=(plan, *written)))
        part = write_sections(cast(WriteSectionsInput, request.input), seed=7)
        written.append({"html": part["html"]})

    assert len(written) > 1 or words < 1_000
    assert "".join(part["html"] for part in written) == generate_content(asked, seed=7)["html"]

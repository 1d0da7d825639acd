"""Articles by the offline provider: readable drafts in safe HTML, near the asked length, each different."""

import re
from html.parser import HTMLParser
from typing import Any, cast

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ai.functions.article_html import cleaned, headings, text_of, word_count
from services.ai.functions.schemas import (
    ARTICLE_DESCRIPTION,
    ARTICLE_OUTLINE,
    ARTICLE_TAGS,
    CONTENT_STRUCTURES,
    GenerateContentInput,
    WriteSectionsInput,
)
from services.ai.providers.offline.articles import describe, generate_content, outline, write_sections
from tests.ai.providers.offline.agreement import labelled_keywords
from tests.ai.providers.offline.requests import answered, article

KEYWORDS, LABELS = labelled_keywords()


class Tags(HTMLParser):
    """Collects what an article is marked up with, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.used: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.used.add(tag)
        self.attributes |= {(tag, name) for name, _ in attrs}
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"h2", "h3"}:
            self.headings.append(data)


def written(*arguments: Any, seed: int = 1, **options: Any) -> dict[str, Any]:
    return dict(generate_content(cast(GenerateContentInput, article(*arguments, **options)), seed=seed))


def sentences_of(html: str) -> list[str]:
    return [sentence for sentence in re.split(r"(?<=[.?!])\s+", text_of(html)) if len(sentence.split()) > 5]


@pytest.mark.parametrize("structure", CONTENT_STRUCTURES)
@pytest.mark.parametrize("words", [400, 700, 1200, 2000])
@pytest.mark.parametrize("label", ["heat pumps", "dog food", "vpn", "marathon training"])
def test_an_article_is_near_its_word_count_and_says_nothing_twice(
    structure: str, words: int, label: str
) -> None:
    keywords = [keyword for keyword, of in zip(KEYWORDS, LABELS, strict=True) if of == label]

    html = written(
        f"Everything About {label.title()}",
        keywords=keywords,
        words=words,
        structure=structure,
        cluster=label,
    )["html"]

    said = sentences_of(html)
    assert 0.8 * words <= word_count(html) <= 1.2 * words
    assert len(said) == len(set(said))
    assert not re.search(r"[{}]|\b(none|null)\b", html)


@settings(max_examples=40, deadline=None)
@given(
    title=st.text(max_size=60),
    keywords=st.lists(st.text(max_size=40) | st.sampled_from(KEYWORDS), max_size=8),
    words=st.integers(-5, 5000),
    structure=st.sampled_from([*CONTENT_STRUCTURES, "", "poem"]),
    cluster=st.none() | st.text(max_size=30),
)
def test_any_task_gives_an_article_of_safe_tags_that_fits_the_schema(
    title: str, keywords: list[str], words: int, structure: str, cluster: str | None
) -> None:
    asked = cast(
        GenerateContentInput,
        article(title, keywords=keywords, words=words, structure=structure, cluster=cluster),
    )

    plan, around = outline(asked, seed=1), describe(asked, seed=1)
    html = written_in_parts(asked, range(len(plan["sections"])))

    tags = Tags(html)
    jsonschema_rs.validator_for(ARTICLE_OUTLINE).validate(plan)
    jsonschema_rs.validator_for(ARTICLE_DESCRIPTION).validate(around)
    assert html == generate_content(asked, seed=1)["html"]
    assert text_of(cleaned(html, pages=())) == text_of(html)
    assert headings(html) == sum(bool(section["heading"]) for section in plan["sections"])
    assert tags.used <= ARTICLE_TAGS
    assert tags.attributes <= {("a", "href")}
    assert tags.open == []


def test_an_article_says_first_that_it_is_an_offline_draft() -> None:
    assert written()["html"].startswith("<p><em>Offline draft: ")


def test_an_article_has_a_section_for_each_keyword_a_faq_and_a_conclusion() -> None:
    html = written(words=1200)["html"]

    headings = Tags(html).headings
    assert "How to build raised garden beds" in headings
    assert "What soil to put in a raised bed?" in headings
    assert headings[-1] == "Conclusion"
    assert "Frequently asked questions" in headings
    assert len(headings) == len(set(headings))


@pytest.mark.parametrize(
    ("structure", "mark"),
    [
        ("comparison", "<table><thead><tr><th>"),
        ("guide", "<ol><li><strong>"),
        ("review", "What would speak against it"),
        ("listicle", "<h2>3. "),
        ("article", "A short checklist"),
    ],
)
def test_the_structure_shows_in_the_article(structure: str, mark: str) -> None:
    assert mark in written(structure=structure)["html"]


def test_a_problem_gets_advice_on_finding_its_cause() -> None:
    html = written(
        "Compost Problems",
        keywords=["compost smells bad", "compost too wet"],
        structure="article",
        cluster="Compost Problems",
    )["html"]

    assert any(heading.startswith("Compost smells bad: ") for heading in Tags(html).headings)
    assert "bads" not in html


def test_the_texts_about_an_article_are_sentences() -> None:
    output = written("What Can You Compost?", keywords=["what can you compost", "can you compost bread"])

    assert output["meta_description"].startswith("What Can You Compost? What to decide first")
    assert output["excerpt"].endswith("This draft covers “what can you compost” and “can you compost bread”.")


def test_markup_in_titles_and_keywords_is_shown_and_not_run() -> None:
    html = written(
        "<script>x</script>", keywords=["<img src=x onerror=alert(1)> beds", "a & b"], cluster=None
    )["html"]

    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;img" in html


def test_internal_links_are_kept_and_addresses_that_could_run_code_are_not() -> None:
    links = [
        ("Soil & compost", "https://example.org/soil?a=1&b=2"),
        ("Wood", "/wood"),
        ("Bad", "javascript:alert(1)"),
        ("Odd", "//evil.example"),
        ("Quote", '/x" onclick="alert(1)'),
    ]

    html = written(links=links)["html"]

    assert re.findall(r"<a [^>]*>[^<]*</a>", html) == [
        '<a href="https://example.org/soil?a=1&amp;b=2">Soil &amp; compost</a>',
        '<a href="/wood">Wood</a>',
    ]


def test_meta_texts_are_cut_at_a_word() -> None:
    output = written(
        "A Rather Long Title About Raised Garden Beds for People Who Have Very Little Space at Home"
    )

    assert output["meta_title"] == "A Rather Long Title About Raised Garden Beds for People Who…"
    assert len(output["meta_description"]) <= 155
    assert output["slug"].endswith("at-home") or len(output["slug"]) <= 80


def test_a_title_without_latin_letters_still_gets_a_slug() -> None:
    assert re.fullmatch(r"article-[0-9a-f]{10}", written("咖啡机", keywords=["咖啡机"], cluster=None)["slug"])


async def test_the_steps_of_an_article_come_to_the_article() -> None:
    plan = await answered("generate_content", article(), step="outline")
    numbers = range(len(plan["sections"]))
    parts = [
        await answered("generate_content", asked_for(plan, number), step="sections") for number in numbers
    ]
    around = await answered(
        "generate_content", {**article(), "outline": plan, "opening": ""}, step="description"
    )

    html = "".join(part["html"] for part in parts)
    assert {"title": plan["title"], "html": html, **around} == written()
    assert sum(section["words"] for section in plan["sections"]) == word_count(html)


def asked_for(plan: dict[str, Any], *numbers: int) -> dict[str, Any]:
    return {
        **article(),
        "outline": plan,
        "numbers": list(numbers),
        "sections": [],
        "words": 100,
        "written_so_far": "",
    }


def written_in_parts(asked: GenerateContentInput, numbers: range) -> str:
    parts = [write_sections(cast(WriteSectionsInput, {**asked, "numbers": [at]}), seed=1) for at in numbers]
    return "".join(part["html"] for part in parts)


async def test_the_same_task_and_seed_give_the_same_article_and_others_another() -> None:
    first = await answered("generate_content", article(), step="outline")

    assert await answered("generate_content", article(), step="outline") == first
    assert await answered("generate_content", article(), seed=2, step="outline") != first
    assert await answered("generate_content", article("Another Title"), step="outline") != first

"""Ideas by the offline provider: the cluster's keywords shared out, each to an article that suits it."""

from collections import Counter
from typing import Any, cast

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ai.functions.schemas import GENERATE_IDEAS, GenerateIdeasInput, Idea
from services.ai.providers.offline.ideas import generate_ideas
from tests.ai.providers.offline.agreement import labelled_keywords
from tests.ai.providers.offline.requests import answered, ideas_for

ENDS_OF_PROBLEMS = ("Causes and Fixes", "What to Check First", "What Helps")
KEYWORDS, _ = labelled_keywords()


def planned(name: str, keywords: list[str], **options: Any) -> list[Idea]:
    return generate_ideas(cast(GenerateIdeasInput, ideas_for(name, keywords, **options)), seed=1)["ideas"]


@settings(max_examples=40, deadline=None)
@given(
    name=st.text(max_size=40),
    keywords=st.lists(st.text(max_size=30) | st.sampled_from(KEYWORDS), max_size=15),
    number=st.none() | st.integers(1, 5),
)
def test_ideas_fit_the_schema_share_no_keyword_and_have_titles_of_their_own(
    name: str, keywords: list[str], number: int | None
) -> None:
    ideas = planned(name, keywords, ideas_per_cluster=number)

    targets = [keyword for idea in ideas for keyword in idea["target_keywords"]]
    jsonschema_rs.validator_for(GENERATE_IDEAS).validate({"ideas": ideas})
    assert len(targets) == len(set(targets))
    assert len({idea["title"] for idea in ideas}) == len(ideas)


@pytest.mark.parametrize(("size", "number"), [(1, 1), (4, 1), (5, 2), (12, 2), (13, 3), (60, 3)])
def test_a_larger_cluster_gets_more_ideas(size: int, number: int) -> None:
    assert len(planned("Topics", KEYWORDS[:size])) == number


def test_as_many_ideas_as_asked_for_where_the_keywords_suffice() -> None:
    assert len(planned("Topics", KEYWORDS[:9], ideas_per_cluster=4)) == 4
    assert len(planned("Topics", KEYWORDS[:2], ideas_per_cluster=4)) == 2


@pytest.mark.parametrize(
    ("keyword", "structure", "title"),
    [
        ("heat pump vs furnace", "comparison", "Heat Pump vs Furnace"),
        ("how to build raised garden beds", "guide", "How to Build Raised Garden Beds"),
        ("is a vpn legal", "article", "Is a VPN Legal?"),
        ("best running shoes for beginners", "listicle", "Best Running Shoes for Beginners"),
        ("manual coffee grinder reviews", "review", "Manual Coffee Grinder Reviews"),
    ],
)
def test_the_structure_follows_from_what_the_searcher_wants(keyword: str, structure: str, title: str) -> None:
    [idea] = planned("Topic", [keyword])

    assert idea["content_structure"] == structure
    assert idea["title"] == title


@pytest.mark.parametrize(
    ("name", "keywords", "title"),
    [
        (
            "What Can You Compost",
            ["can you compost eggshells", "can you compost citrus peels", "can you compost bread"],
            "Can You Compost Eggshells, Citrus Peels and Bread?",
        ),
        ("Mulch", ["when to mulch vegetable garden", "straw mulch"], "When to Mulch Vegetable Garden"),
        (
            "Dog Training",
            ["dog training", "is a puppy smart", "when do dogs listen", "why do dogs pull"],
            "Dog Training: 3 Questions Answered",
        ),
    ],
)
def test_titles_take_up_what_the_keywords_ask(name: str, keywords: list[str], title: str) -> None:
    [idea] = planned(name, keywords)

    assert idea["title"] == title


def test_a_title_names_what_is_particular_about_the_keywords() -> None:
    [idea] = planned("Worm Composting", ["worm composting", "worm bin", "worm castings fertilizer"])

    assert idea["title"].endswith("Bins and Castings Fertilizer")


def test_problems_promise_a_remedy() -> None:
    [idea] = planned("Compost Problems", ["compost smells bad", "compost too wet", "maggots in compost"])

    assert idea["title"] in {f"Compost Problems: {end}" for end in ENDS_OF_PROBLEMS}


def test_an_idea_says_what_it_is_about_in_a_sentence_that_reads_well() -> None:
    [idea] = planned("Getting Started With Composting", ["composting at home", "benefits of composting"])

    assert idea["description"] == (
        "Explains what readers most often want to know about composting. "
        "Written for “composting at home” and “benefits of composting”."
    )


def test_the_shape_of_an_article_follows_the_keyword_in_its_title() -> None:
    [idea] = planned("Compost Tea", ["how to make compost tea", "compost tea brewer", "compost tea uses"])

    assert (idea["title"], idea["content_structure"]) == ("How to Make Compost Tea", "guide")


@pytest.mark.parametrize("site", ["compost", "dog_training", "coffee"])
def test_titles_of_a_whole_site_differ_and_are_not_of_one_mould(site: str) -> None:
    keywords, labels = labelled_keywords(site)
    clusters = {label: [k for k, of in zip(keywords, labels, strict=True) if of == label] for label in labels}

    titles = [idea["title"] for label, of in clusters.items() for idea in planned(label.title(), of)]

    endings = Counter(title.partition(": ")[2] for title in titles)
    assert len(set(titles)) == len(titles)
    assert max(count for ending, count in endings.items() if ending) <= len(titles) / 4
    assert not any(
        word in title for title in titles for word in ("Ideas Worth Considering", "What Matters Most")
    )


def test_a_search_for_something_nearby_becomes_a_page() -> None:
    [idea] = planned("Roofing", ["roofing contractors near me"])

    assert idea["content_type"] == "page"


def test_the_most_searched_keyword_leads() -> None:
    values = ideas_for("Garden Beds", ["garden beds small", "garden beds"])
    values["cluster"]["keywords"][1]["volume"] = 9000

    [idea] = generate_ideas(cast(GenerateIdeasInput, values), seed=1)["ideas"]

    assert idea["target_keywords"] == ["garden beds", "garden beds small"]


async def test_the_same_cluster_and_seed_give_the_same_ideas() -> None:
    values = ideas_for("Yoga", KEYWORDS[:10])

    assert await answered("generate_ideas", values) == await answered("generate_ideas", values)

"""The sides of a site's main topic, read from what a searcher types."""

import pytest

from services.ai.providers.offline.facets import Facet, facet_of


@pytest.mark.parametrize(
    ("keyword", "side"),
    [
        ("can you compost bread", Facet.ALLOWED),
        ("what not to put in compost", Facet.ALLOWED),
        ("Can dogs eat grapes?", Facet.ALLOWED),
        ("can you compost in an apartment", Facet.PLACES),
        ("compost not heating up", Facet.PROBLEMS),
        ("compost too wet", Facet.PROBLEMS),
        ("how to keep rats out of compost", Facet.PROBLEMS),
        ("printer won't print", Facet.PROBLEMS),
        ("how much coffee is too much", Facet.HEALTH),
        ("is coffee bad for you", Facet.HEALTH),
        ("how does composting work", Facet.BASICS),
        ("coffee for beginners", Facet.BASICS),
        ("keto cheesecake", Facet.RECIPES),
        ("keto vs paleo", Facet.COMPARED),
        ("dog trainer near me", Facet.OFFERS),
        ("compost thermometer", None),
        ("", None),
    ],
)
def test_a_search_shows_the_side_it_asks_about(keyword: str, side: Facet | None) -> None:
    assert facet_of(keyword) is side

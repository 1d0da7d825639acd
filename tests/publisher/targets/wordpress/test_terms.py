"""Names of categories and tags, as WordPress keeps them."""

import pytest

from services.publisher.targets.wordpress.terms import cleaned, slugs_of


def test_a_name_counts_once_whatever_its_case_and_spaces() -> None:
    assert cleaned(["Compost", " compost ", "", "  ", "Garden  tools", "COMPOST"]) == [
        "Compost",
        "Garden tools",
    ]


def test_a_name_is_as_long_as_wordpress_keeps() -> None:
    assert cleaned(["x" * 300]) == ["x" * 200]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Garden Tools", "garden-tools"),
        ("R&D", "rd"),
        ("R&D", "r-d"),
        ("Ünïcode", "unicode"),
        ("堆肥", "%e5%a0%86%e8%82%a5"),
    ],
)
def test_a_term_is_looked_for_by_each_slug_that_wordpress_may_have_made_of_its_name(
    name: str, slug: str
) -> None:
    assert slug in slugs_of(name)

"""Where an article's pictures go."""

import pytest

from services.publisher.pages.placement import place_between_sections

INTRODUCTION = "<p>Hello.</p>"


@pytest.mark.parametrize(
    ("sections", "figures", "expected"),
    [
        (3, "", "i123"),
        (3, "A", "i1A23"),
        (4, "AB", "i1A23B4"),
        (6, "ABC", "i1A23B45C6"),
        (2, "ABC", "i1A2BC"),
        (1, "A", "i1A"),
        (0, "AB", "iAB"),
    ],
    ids=["none", "one", "two", "spread evenly", "more than sections", "one each", "no section"],
)
def test_pictures_are_spread_over_the_ends_of_sections(sections: int, figures: str, expected: str) -> None:
    headings = [f"<h2>{number}</h2>\n" for number in range(1, sections + 1)]
    html = INTRODUCTION + "".join(headings)

    placed = place_between_sections(html, [f"<figure>{name}</figure>" for name in figures])

    assert _order(placed) == expected


def test_a_heading_within_an_attribute_is_no_section() -> None:
    html = '<p><a title="<h2> x">link</a></p><h2>One</h2><p>Text.</p>'

    assert place_between_sections(html, ["<figure></figure>"]) == html + "<figure></figure>"


def test_a_heading_within_a_list_or_quote_is_no_section() -> None:
    html = (
        "<h2>One</h2><ul><li><h2>Not this</h2></li></ul><blockquote><h2>Nor this</h2></blockquote><p>End.</p>"
    )

    assert place_between_sections(html, ["<figure></figure>"]) == html + "<figure></figure>"


def test_sections_on_many_lines_are_found() -> None:
    html = "<p>A\r\nb\u2028c</p>\n<h2>One</h2>\n<p>é</p>\n  <h2>Two</h2>"

    placed = place_between_sections(html, ["<figure></figure>"])

    assert placed == html.replace("<h2>Two", "<figure></figure><h2>Two")


def _order(html: str) -> str:
    for tag in ("<h2>", "</h2>\n", "<figure>", "</figure>"):
        html = html.replace(tag, "")
    return html.replace(INTRODUCTION, "i")

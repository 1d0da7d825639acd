"""How our own is known at WordPress, and a text that somebody changed from one that nobody touched."""

import pytest

from services.publisher.targets.wordpress import marks
from services.publisher.targets.wordpress.marks import Mark

MARKER = "0123456789abcdef" * 2


def test_the_slugs_are_short_plain_letters() -> None:
    assert marks.post_slug(MARKER) == f"igny8-{MARKER}"
    assert marks.media_slug("ab" * 32) == f"igny8-{'ab' * 16}"


@pytest.mark.parametrize(
    ("slug", "ours"),
    [
        ("igny8-a1", True),
        ("igny8-a1-2", True),
        ("igny8-a1__trashed", True),
        ("igny8-a1-2__trashed", True),
        ("igny8-a1__trashed-2", True),
        ("igny8-a12", False),
        ("igny8-a1-x", False),
        ("my-igny8-a1", False),
        ("", False),
    ],
)
def test_what_wordpress_makes_of_a_slug_is_still_ours(slug: str, ours: bool) -> None:
    assert marks.bears(slug, "igny8-a1") is ours


@pytest.mark.parametrize("html", ["<p>One two</p>", "<ul><li>One two</li></ul>", "One two"])
def test_a_mark_in_a_text_is_found_again_and_changes_no_word(html: str) -> None:
    marked = Mark.of(MARKER, html).put_into(html)

    assert Mark.found_in(marked) == Mark.of(MARKER, html)
    assert marks.text_digest(marked) == marks.text_digest(html)


def test_a_mark_stands_inside_the_last_element() -> None:
    assert Mark("m1", "d2").put_into("<p>One</p><p>Two</p>") == "<p>One</p><p>Two<!-- igny8:m1:d2 --></p>"


def test_a_text_without_a_mark_has_none() -> None:
    assert Mark.found_in("<p>igny8:a:b</p><!-- igny8 -->") is None


@pytest.mark.parametrize(
    "html",
    [
        "<p>Salt &amp; pepper</p>",
        "<p>Salt\n  &#038; pepper</p>\n",
        '<p class="x">Salt <b>&amp;</b> pepper</p>',
    ],
)
def test_markup_that_wordpress_writes_anew_is_no_edit(html: str) -> None:
    assert marks.text_digest(html) == marks.text_digest("<p>Salt &amp; pepper</p>")


def test_another_word_is_an_edit() -> None:
    assert marks.text_digest("<p>Salt and pepper</p>") != marks.text_digest("<p>Salt &amp; pepper</p>")

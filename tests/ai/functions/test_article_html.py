"""What is left of the HTML that a model wrote: its words, its structure, and links to given pages."""

import pytest

from services.ai.functions.article_html import cleaned, headings, text_of, word_count

PAGES = {"/soil", "https://example.org/beds?a=1&b=2"}


@pytest.mark.parametrize(
    ("hostile", "left"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ('<p onclick="x()" style="a" class="b">a</p>', "<p>a</p>"),
        ('<img src="https://evil.example/x.png" onerror="x()"><p>a</p>', "<p>a</p>"),
        ('<iframe src="https://evil.example"></iframe><p>a</p>', "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', "a"),
        ('<a href="https://evil.example">a <em>b</em></a>', "a <em>b</em>"),
        ('<a href="//evil.example/soil">a</a>', "a"),
        ('<a href="/soil" onclick="x()" target="_top">a</a>', '<a href="/soil">a</a>'),
        ("<h1>a</h1>", "a"),
        ("<!-- wp:html --><p>a</p>", "<p>a</p>"),
        ("<svg><style><p title='</style><img src=x onerror=x()>'>", "<p></p>"),
        ("<p>a\x00b</p>", "<p>ab</p>"),
        ("<form action='/soil'><input name=a><p>b</p></form>", "<p>b</p>"),
    ],
)
def test_what_could_run_or_lead_away_is_taken_out(hostile: str, left: str) -> None:
    assert cleaned(hostile, pages=PAGES) == left


def test_a_link_to_a_given_page_is_kept_with_its_address() -> None:
    html = cleaned('<a href="https://example.org/beds?a=1&amp;b=2">Beds</a>', pages=PAGES)

    assert html == '<a href="https://example.org/beds?a=1&amp;b=2">Beds</a>'


def test_cleaning_twice_is_cleaning_once() -> None:
    once = cleaned('<p>a &lt;b&gt; <a href="https://x.example">c</a> &amp; d</p>', pages=PAGES)

    assert cleaned(once, pages=PAGES) == once


def test_words_and_sections_are_counted_as_a_reader_sees_them() -> None:
    html = "<h2>Two words</h2><p>and <strong>three</strong> &amp; four</p><h3>no section</h3>"

    assert (word_count(html), headings(html)) == (8, 1)
    assert text_of(html) == "Two words and three & four no section"

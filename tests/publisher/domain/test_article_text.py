"""Words, headings, pictures and an excerpt are what a reader would say they are."""

import pytest

from services.publisher.domain.article_text import (
    EXCERPT_CHARACTERS_MAX,
    excerpt_of,
    read_article,
    word_count,
)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("", 0),
        ("<p>Two words</p>", 2),
        ("<p>one</p><p>two</p>", 2),
        ("<ul><li>one<li>two</ul>", 2),
        ("one<br>two", 2),
        ("<b>o</b>ne", 1),
        ("<p>don’t re-use 1,500.5 &amp; it&#39;s fine</p>", 5),
        ("<p>堆肥入门</p>", 4),
        ("<p>堆肥 guide</p>", 3),
        ("<script>var a = 1</script><style>p {}</style><p>one</p>", 1),
        ("<!-- not read --><p>one", 1),
        ("<p>— … !</p>", 0),
    ],
)
def test_words_are_counted_as_a_reader_reads(html: str, words: int) -> None:
    assert word_count(html) == words


def test_headings_have_their_level_and_text() -> None:
    article = read_article("<h1>Worm <em>bins</em></h1><p>x</p><h2>\n Start </h2><h3></h3>")

    assert [(heading.level, heading.text) for heading in article.headings] == [
        (1, "Worm bins"),
        (2, "Start"),
        (3, ""),
    ]


def test_pictures_without_an_alternative_text_are_counted() -> None:
    article = read_article('<img src=a alt="A heap"><img src=b alt=" "><img src=c><img src=d alt>')

    assert (article.images, article.images_without_alt) == (4, 3)


def test_an_excerpt_leaves_headings_out() -> None:
    assert (
        excerpt_of("<h1>Worm bins</h1><p>They are &lt;easy&gt;.</p><p>Start.</p>")
        == "They are <easy>. Start."
    )


def test_a_long_excerpt_ends_at_a_sentence_or_a_word() -> None:
    sentences = excerpt_of("<p>" + "Compost feeds the soil well. " * 20 + "</p>")
    words = excerpt_of("<p>" + "compost " * 100 + "</p>")
    one_word = excerpt_of("x" * 1000)

    assert sentences.endswith("soil well.")
    assert words.endswith("compost…")
    assert max(map(len, (sentences, words, one_word))) <= EXCERPT_CHARACTERS_MAX


@pytest.mark.parametrize(
    "html", ["<p", "<<<>>>", "</p></h2>", "<h2>open", "&#x;&#xD800;", "<![CDATA[x]]>", "<!x"]
)
def test_broken_html_is_read_without_a_fault(html: str) -> None:
    assert read_article(html).words < 3

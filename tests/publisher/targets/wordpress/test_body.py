"""The text of a post, as WordPress shows it without changing a word."""

from services.publisher.domain.image import ImageType
from services.publisher.targets.wordpress.body import pictures_in, post_html
from services.publisher.targets.wordpress.media import Media
from tests.publisher.domain.builders import image

HASH = "ab" * 32
OTHER = "cd" * 32
MEDIA = {HASH: Media(id=7, source_url="https://blog.example/a.png?x=1&y=2")}


def test_pictures_stand_between_the_sections_at_their_place_in_the_library() -> None:
    figure = image(image_type=ImageType.IN_ARTICLE, content_hash=HASH, width=30, height=20, alt_text="A heap")

    html = post_html("<p>Start</p><h2>One</h2><p>Text</p>", [figure], MEDIA)

    assert html == (
        "<p>Start</p><h2>One</h2><p>Text</p>"
        '<figure class="wp-block-image"><img src="https://blog.example/a.png?x=1&amp;y=2" alt="A heap" '
        'class="wp-image-7" width="30" height="20"></figure>'
    )


def test_an_alt_text_is_text_and_never_a_shortcode() -> None:
    figure = image(image_type=ImageType.IN_ARTICLE, content_hash=HASH, alt_text='"><script>[gallery]')

    html = post_html("<h2>One</h2>", [figure], MEDIA)

    assert 'alt="&quot;&gt;&lt;script&gt;&#91;gallery&#93;"' in html


def test_our_own_pictures_in_the_text_move_to_the_library() -> None:
    html = post_html(f'<p><img src="/media/{HASH}" alt="Here"></p>', (), MEDIA)

    assert html == '<p><img src="https://blog.example/a.png?x=1&amp;y=2" alt="Here"></p>'
    assert pictures_in(f'<img src="/media/{OTHER}"><img src="/media/{HASH}"><img src="/x">') == [OTHER, HASH]


def test_a_picture_that_leads_nowhere_elsewhere_is_left_out() -> None:
    assert post_html('<p>A<img src="/logo.png" alt="">B</p>', (), MEDIA) == "<p>AB</p>"
    assert post_html(f'<p>A<img src="/media/{OTHER}">B</p>', (), MEDIA) == "<p>AB</p>"


def test_line_ends_do_not_become_line_breaks_outside_of_code() -> None:
    html = post_html("<p>One\ntwo</p>\n\n<pre>a\n  b</pre>\n<p>three</p>\n", (), {})

    assert html == "<p>One two</p> <pre>a\n  b</pre> <p>three</p>"


def test_hostile_html_does_not_get_through() -> None:
    html = post_html(
        '<p onclick="x()">A<script>x()</script><a href="javascript:x()">B</a>[gallery]</p>', (), {}
    )

    assert "script" not in html
    assert "onclick" not in html
    assert "[gallery]" not in html

"""The text of a post: the article's HTML with its pictures at their places in the media library."""

import html
import re
from collections.abc import Mapping, Sequence
from typing import Final

from services.publisher.domain.image import Image
from services.publisher.html import clean_html
from services.publisher.pages.placement import place_between_sections
from services.publisher.targets.wordpress.media import Media

_OWN_PICTURE: Final = re.compile(r'<img\b[^>]*?\bsrc="/media/([0-9a-f]{64})"[^>]*>')
_OWN_SOURCE: Final = re.compile(r'\bsrc="/media/([0-9a-f]{64})"')
_RELATIVE_PICTURE: Final = re.compile(r'<img\b[^>]*?\bsrc="/[^"]*"[^>]*>')
_PREFORMATTED: Final = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
_LINE_ENDS: Final = re.compile(r"\s*[\r\n]+\s*")


def pictures_in(text: str) -> list[str]:
    """The SHA-256 of each of our pictures that an article's own HTML shows, in order."""
    return list(dict.fromkeys(_OWN_PICTURE.findall(clean_html(text))))


def post_html(text: str, figures: Sequence[Image], media: Mapping[str, Media]) -> str:
    """The HTML of a post; `media` has its pictures by SHA-256, and one that it has not is left out."""
    placed = place_between_sections(
        clean_html(text), [_figure(image, media[image.content_hash]) for image in figures]
    )

    def source(found: re.Match[str]) -> str:
        known = media.get(found[1])
        return f'src="{html.escape(known.source_url)}"' if known else found[0]

    rewritten = _OWN_SOURCE.sub(source, placed)
    # Paths of this suite lead nowhere on another site.
    return _one_line(_RELATIVE_PICTURE.sub("", rewritten))


def _figure(image: Image, media: Media) -> str:
    """As WordPress's own editor writes it; by the class it adds the smaller sizes for small screens."""
    source, alt = html.escape(media.source_url), _attribute(image.alt_text)
    return (
        f'<figure class="wp-block-image"><img src="{source}" alt="{alt}" class="wp-image-{media.id}" '
        f'width="{image.width}" height="{image.height}"></figure>'
    )


def _attribute(plain: str) -> str:
    """Plain text in an attribute; brackets there would be a shortcode too."""
    return html.escape(plain).replace("[", "&#91;").replace("]", "&#93;")


def _one_line(text: str) -> str:
    """Without line ends outside of preformatted text: WordPress would show each as a line break."""
    parts = _PREFORMATTED.split(text)
    return "".join(
        part if number % 2 else _LINE_ENDS.sub(" ", part) for number, part in enumerate(parts)
    ).strip()

"""The names by which we know our own at WordPress, and find them again when an answer was lost.

A post has two: until it is public its slug, `igny8-<marker>`, which nobody else can have chosen; from then on a mark
in its text, since readers deserve a clean address. The mark also holds a digest of the text as it was sent, so that a
post somebody edited in WordPress is known from one that nobody touched.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from services.publisher.domain.article_text import read_article

TRASHED: Final = "__trashed"
"""What WordPress puts behind the slug of a post in the trash."""

COPIES_MAX: Final = 3
"""WordPress gives S-2, S-3, … to posts that were asked for with the slug S of another."""

_DIGEST_CHARACTERS: Final = 32
_MARK: Final = re.compile(r"<!-- igny8:([0-9a-z]+):([0-9a-f]+) -->")


@dataclass(frozen=True, slots=True)
class Mark:
    """Which publication a text is of, and what its words were when it was sent."""

    marker: str
    digest: str

    @classmethod
    def of(cls, marker: str, html: str) -> "Mark":
        """The mark of a text that has none yet."""
        return cls(marker, text_digest(html))

    @classmethod
    def found_in(cls, html: str) -> "Mark | None":
        """The first mark in a text."""
        found = _MARK.search(html)
        return cls(found[1], found[2]) if found else None

    def put_into(self, html: str) -> str:
        """The text with the mark as a comment, inside its last element: WordPress makes a paragraph of what stands alone."""
        place = html.rfind("</")
        place = len(html) if place < 0 else place
        return f"{html[:place]}<!-- igny8:{self.marker}:{self.digest} -->{html[place:]}"


def text_digest(html: str) -> str:
    """A digest of the words of a text. Its markup is left out: WordPress writes it anew for some roles."""
    words = " ".join(read_article(_MARK.sub("", html)).text.split())
    return hashlib.sha256(words.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def post_slug(marker: str) -> str:
    """The slug under which the post of a publication is made."""
    return f"igny8-{marker}"


def media_slug(sha256: str) -> str:
    """The slug of a picture by the hash of its bytes, so that it is uploaded once for all articles."""
    return f"igny8-{sha256[:_DIGEST_CHARACTERS]}"


def with_copies(slug: str) -> list[str]:
    """The slug and those that WordPress makes of it."""
    return [slug, *(f"{slug}-{number}" for number in range(2, COPIES_MAX + 1))]


def bears(slug: str, wanted: str) -> bool:
    """Whether a slug is `wanted`, one that WordPress made of it, or either of them in the trash."""
    return re.fullmatch(rf"{re.escape(wanted)}(-\d+)?({TRASHED}(-\d+)?)?", slug) is not None

"""The HTML of an article as a model wrote it: cleaned, its links kept to given pages, and measured."""

import re
from collections.abc import Collection
from html import unescape
from typing import Final

import nh3

from services.ai.functions.schemas import ARTICLE_TAGS

_TAG: Final = re.compile(r"<[^>]+>")
_HEADING: Final = re.compile(r"<h2>")
_DEAD_LINK: Final = re.compile(r"<a>(.*?)</a>", re.DOTALL)


def cleaned(html: str, *, pages: Collection[str]) -> str:
    """Tags of ARTICLE_TAGS without attributes, but for links to these addresses; other links become their text.

    Publisher cleans what it stores by itself; this keeps a model's inventions out of the journal and the count.
    """

    safe = nh3.clean(
        html.replace("\x00", ""),
        tags=set(ARTICLE_TAGS),
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, _name, value: value if value in pages else None,
        link_rel=None,
        strip_comments=True,
    )
    return _DEAD_LINK.sub(r"\1", safe).strip()


def text_of(html: str) -> str:
    """The words of an article without its tags."""
    return " ".join(unescape(_TAG.sub(" ", html)).split())


def word_count(html: str) -> int:
    """How many words a reader sees."""
    return len(text_of(html).split())


def headings(html: str) -> int:
    """How many sections with a heading there are in cleaned HTML."""
    return len(_HEADING.findall(html))

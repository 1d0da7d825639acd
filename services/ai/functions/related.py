"""Which of a site's other articles belong beside an article: what it may link to, and what it should leave to them."""

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from igny8.publisher import v1 as publisher

T = TypeVar("T")

LINKS_MAX: Final = 8
TITLES_MAX: Final = 20
_WORD: Final = re.compile(r"\w{4,}")
_ADDRESS: Final = re.compile(r"(https:/)?/[^/\s\"'<>\\][^\s\"'<>\\]*")


def related_links(about: str, pages: Sequence[publisher.Content]) -> list[publisher.Content]:
    """The published articles that share most words with it, the nearest first; none that shares none."""
    reachable = [page for page in pages if _ADDRESS.fullmatch(page.external_url)]
    return _nearest(about, reachable, [f"{page.title} {page.primary_keyword}" for page in reachable])[
        :LINKS_MAX
    ]


def related_titles(about: str, titles: Sequence[str], *, but: str) -> list[str]:
    """The titles that share most words with it, the nearest first, each once, without its own."""
    others = list(dict.fromkeys(title for title in titles if title != but))
    return _nearest(about, others, others)[:TITLES_MAX]


def _nearest(about: str, things: Sequence[T], texts: Sequence[str]) -> list[T]:
    wanted = _words(about)
    shared = [len(wanted & _words(text)) for text in texts]
    order = sorted((at for at in range(len(things)) if shared[at]), key=lambda at: (-shared[at], at))
    return [things[at] for at in order]


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in _WORD.findall(text.casefold())}

"""Tells from a search phrase what the searcher wants, and which shape of article answers it."""

import re
from enum import Enum
from typing import Final


class Intent(Enum):
    """What a search is after. The order decides ties."""

    INFORMATIONAL = "informational"
    COMMERCIAL = "commercial"
    TRANSACTIONAL = "transactional"


class Structure(Enum):
    """The shapes of article, named as in the pipeline."""

    ARTICLE = "article"
    GUIDE = "guide"
    COMPARISON = "comparison"
    REVIEW = "review"
    LISTICLE = "listicle"


_COMPARES: Final = re.compile(r"\b(vs|versus|compared to|comparison|compare|difference between|or)\b")
_REVIEWS: Final = re.compile(r"\b(reviews?|worth it|rated|ratings?)\b")
_LISTS: Final = re.compile(
    r"\b(best|top|ideas|tips|examples|types|varieties|recipes|snacks|brands|benefits|poses|alternatives)\b"
)
_BUYS: Final = re.compile(
    r"\b(buy|cheap|cheapest|affordable|price|prices|pricing|deals?|discount|coupon|near me|for sale|order|under \$?\d+"
    r"|delivery|quotes?|contractors?|rental|services?|hire)\b"
)
_TEACHES: Final = re.compile(
    r"\b(how to|diy|guide|tutorial|for beginners|step by step|learn|plan|setup|build|make)\b"
)
_ASKS: Final = re.compile(r"^(how|what|when|where|why|who|which|can|is|are|do|does|should|will)\b")


def intent_of(keyword: str) -> Intent:
    """The intent an editor would note for this phrase, read from its qualifiers; informational where none shows."""
    text = keyword.casefold()
    if _ASKS.search(text):
        return Intent.INFORMATIONAL
    if _BUYS.search(text):
        return Intent.TRANSACTIONAL
    if (
        _COMPARES.search(text)
        or _REVIEWS.search(text)
        or re.search(r"\b(best|top|alternatives?|brands?)\b", text)
    ):
        return Intent.COMMERCIAL
    return Intent.INFORMATIONAL


def structure_of(keyword: str) -> Structure:
    """The shape of article that answers this phrase best."""
    text = keyword.casefold()
    for pattern, structure in (
        (_COMPARES, Structure.COMPARISON),
        (_REVIEWS, Structure.REVIEW),
        (re.compile(r"^how to\b"), Structure.GUIDE),
        (_LISTS, Structure.LISTICLE),
        (_TEACHES, Structure.GUIDE),
    ):
        if pattern.search(text):
            return structure
    return Structure.ARTICLE


def is_question(keyword: str) -> bool:
    """Whether the phrase asks something that an answer section or an FAQ entry can take as its heading."""
    return bool(_ASKS.search(keyword.casefold())) and not keyword.casefold().startswith("how to ")

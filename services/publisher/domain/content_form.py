"""The kinds of pages the pipeline writes."""

from enum import StrEnum


class ContentType(StrEnum):
    """What the target stores it as."""

    POST = "post"
    PAGE = "page"


class ContentStructure(StrEnum):
    """How it is built up."""

    ARTICLE = "article"
    GUIDE = "guide"
    COMPARISON = "comparison"
    REVIEW = "review"
    LISTICLE = "listicle"

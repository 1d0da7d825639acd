"""A published article as its site's index shows it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaser:
    """`image_url` is the featured picture, empty when there is none; width and height are pixels."""

    title: str
    slug: str
    excerpt: str
    published_at: datetime
    updated_at: datetime
    image_url: str = ""
    image_width: int = 0
    image_height: int = 0

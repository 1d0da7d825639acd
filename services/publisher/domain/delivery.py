"""One attempt to bring content to its target, and the ways it can end."""

from dataclasses import dataclass

from services.publisher.domain.cause import Cause
from services.publisher.domain.connection import Access
from services.publisher.domain.content import Content
from services.publisher.domain.image import Image
from services.publisher.domain.publication import Publication
from services.publisher.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a target gets: the content with its text, its pictures by position, the publication with its marker and
    number of attempts, and the way in.

    `content.text` has the HTML without pictures, the excerpt, the meta texts, categories and tags. `images` are those
    that were made; 0 is the featured one, the others belong between the sections (`pages.placement`).
    """

    publication: Publication
    content: Content
    site: Site
    images: tuple[Image, ...]
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where the target has it. The address is empty where the target does not say."""

    external_id: str
    external_url: str


class DeliveryEnded(Exception):
    """A delivery did not do what it was for; the sentence says why and the way out, the cause is its word."""

    def __init__(self, sentence: str, *, cause: Cause) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cause = cause


class DeliveryRefused(DeliveryEnded):
    """The target said no to this content, for good: it is known not to be there (or, taking it off, to be there still)."""


class AccessRefused(DeliveryEnded):
    """The target did not let us in, or not do what publishing needs; this attempt changed nothing there.

    A cause that `loses_connection` marks the site's connection as lost.
    """


class TargetUnavailable(DeliveryEnded):
    """This attempt changed nothing at the target, and another one is safe: after `retry_after_seconds`, if it said so."""

    def __init__(self, sentence: str, *, cause: Cause, retry_after_seconds: float = 0) -> None:
        super().__init__(sentence, cause=cause)
        self.retry_after_seconds = retry_after_seconds


class AnswerLost(DeliveryEnded):
    """The target was asked and its answer did not come: whether it did it is not known."""

"""One attempt to bring content to its target, and the ways it can end."""

from dataclasses import dataclass

from services.publisher.domain.content import Content
from services.publisher.domain.publication import Publication
from services.publisher.domain.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a target gets: the content with its text, and the publication with its marker and number of attempts."""

    publication: Publication
    content: Content
    site: Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where the target has it."""

    external_id: str
    external_url: str


class DeliveryEnded(Exception):
    """A delivery did not bring the content to its target; the sentence says why and the way out."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class DeliveryRefused(DeliveryEnded):
    """The target said no, for good: it is known not to be there."""


class TargetUnavailable(DeliveryEnded):
    """The target could not be reached and has nothing of it, so that another attempt is safe."""


class AnswerLost(DeliveryEnded):
    """The target was asked and its answer did not come: it may be there or not."""

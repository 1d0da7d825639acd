"""A picture of an article, from its prompt to its bytes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import StaleEtag
from services.publisher.domain.item import PipelineItem, etag_of, wrong_move


class ImageType(StrEnum):
    """Where it stands."""

    FEATURED = "featured"
    IN_ARTICLE = "in_article"


class ImageStatus(StrEnum):
    """pending > generated | failed."""

    PENDING = "pending"
    GENERATED = "generated"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(PipelineItem):
    """`position` counts in-article images from 1 and is 0 for the featured one.

    The bytes are stored once by `content_hash` (SHA-256, lower-case hex); width and height are pixels.
    """

    content_id: str
    image_type: ImageType
    position: int
    prompt: str
    alt_text: str = ""
    model_name: str = ""
    url: str = ""
    content_hash: str = ""
    media_type: str = ""
    width: int = 0
    height: int = 0
    status: ImageStatus = ImageStatus.PENDING
    error: str = ""

    def generated(
        self,
        *,
        content_hash: str,
        media_type: str,
        width: int,
        height: int,
        url: str,
        model_name: str,
        now: datetime,
    ) -> Self:
        """The picture is there. The same bytes again are a quiet success, others are refused."""
        if self.status is ImageStatus.GENERATED:
            if self.content_hash == content_hash:
                return self
            raise wrong_move(
                "image", state=self.status, cannot="replaced", way_out="Ask for a new picture of it first."
            )
        return replace(
            self,
            content_hash=content_hash,
            media_type=media_type,
            width=width,
            height=height,
            url=url,
            model_name=model_name,
            status=ImageStatus.GENERATED,
            error="",
            updated_at=now,
        )

    def fail(self, error: str, *, now: datetime) -> Self:
        """The picture finally failed. A failure that arrives after the picture does not undo it,
        and the first of two is kept."""
        if self.status in (ImageStatus.GENERATED, ImageStatus.FAILED):
            return self
        return replace(self, status=ImageStatus.FAILED, error=error, updated_at=now)

    @property
    def etag(self) -> str:
        return etag_of(self.prompt, self.alt_text)

    def edit(self, *, prompt: str, alt_text: str, etag: str, now: datetime) -> Self:
        """Another prompt, while there is no picture, and alternative text. StaleEtag, StateConflict."""
        if (prompt, alt_text) == (self.prompt, self.alt_text):
            return self
        if etag and etag != self.etag:
            raise StaleEtag(kind="image", etag=self.etag)
        if prompt != self.prompt and self.status is ImageStatus.GENERATED:
            raise wrong_move(
                "image",
                state=self.status,
                cannot="made of another prompt",
                way_out="Send the prompt it has, or delete it and have another made.",
            )
        return replace(self, prompt=prompt, alt_text=alt_text, updated_at=now)

    def retry(self, *, now: datetime) -> Self:
        """Ask again for a picture that failed; one that waits already stays as it is."""
        if self.status is ImageStatus.PENDING:
            return self
        if self.status is not ImageStatus.FAILED:
            raise wrong_move(
                "image", state=self.status, cannot="tried again", way_out="Only failed images can."
            )
        return replace(self, status=ImageStatus.PENDING, error="", updated_at=now)


def pending_count(images: Iterable[Image]) -> int:
    """How many pictures are neither made nor finally failed; content with any stays a draft."""
    return sum(image.status is ImageStatus.PENDING for image in images)


def made_images(images: Iterable[Image]) -> tuple[Image, ...]:
    """The pictures that were made, in the order of their places; the featured one, if any, is first."""
    made = (image for image in images if image.status is ImageStatus.GENERATED)
    return tuple(sorted(made, key=lambda image: (image.position, image.id)))

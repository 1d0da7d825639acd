"""Pictures: stored once by their hash, and the end of waiting for them."""

from datetime import datetime

from services.publisher.domain.content import Content, ContentStatus
from services.publisher.domain.image import Image, pending_count
from services.publisher.domain.picture import Picture
from services.publisher.store.images import ImageBlob
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.review import submit_for_review


def get_image(tx: PublisherTransaction, *, account_id: str, image_id: str) -> Image:
    """Raises NotFound."""
    return tx.images.get(image_id, account_id=account_id)


def upload_image(
    tx: PublisherTransaction,
    *,
    account_id: str,
    image_id: str,
    picture: Picture,
    model_name: str,
    actor: str,
    now: datetime,
) -> Image:
    """The picture is made. The same bytes again are a quiet success. Raises NotFound, StateConflict for others."""
    # Before any row is locked, since many bytes take a while.
    image = tx.images.get(image_id, account_id=account_id)
    blob = ImageBlob(
        sha256=picture.sha256,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(picture.data),
        created_at=now,
    )
    tx.image_blobs.keep(blob, picture.data)
    content, image = _lock(tx, image)
    made = image.generated(
        content_hash=picture.sha256,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        url=picture.url,
        model_name=model_name,
        now=now,
    )
    return _ended(tx, content, image, made, actor=actor, now=now)


def fail_image(
    tx: PublisherTransaction, *, account_id: str, image_id: str, error: str, actor: str, now: datetime
) -> Image:
    """Making the picture failed for good; one that has failed or is made stays as it is. Raises NotFound."""
    content, image = _lock(tx, tx.images.get(image_id, account_id=account_id))
    return _ended(tx, content, image, image.fail(error, now=now), actor=actor, now=now)


def get_blob(tx: PublisherTransaction, *, sha256: str) -> ImageBlob:
    """What is known of stored bytes. Raises NotFound."""
    return tx.image_blobs.get(sha256)


def read_blob(tx: PublisherTransaction, *, sha256: str, start: int, size: int) -> bytes:
    """Some of the stored bytes from `start` on."""
    return tx.image_blobs.part(sha256, start=start, size=size)


def _lock(tx: PublisherTransaction, image: Image) -> tuple[Content, Image]:
    """The image and its content, locked where the end of the image may take the content into review."""
    content = tx.content.get(image.content_id, account_id=image.account_id)
    if _goes_to_review(content):
        # Two last pictures at once must not each take the other for pending.
        tx.settings.lock(content.site_id, account_id=content.account_id)
        content = tx.content.lock(content.id, account_id=content.account_id)
    return content, tx.images.lock(image.id, account_id=image.account_id)


def _ended(
    tx: PublisherTransaction, content: Content, before: Image, after: Image, *, actor: str, now: datetime
) -> Image:
    if after is before:
        return after
    tx.images.save(after)
    if _goes_to_review(content) and not pending_count(tx.images.of_content(content.id)):
        submit_for_review(tx, content_id=content.id, account_id=content.account_id, actor=actor, now=now)
    return after


def _goes_to_review(content: Content) -> bool:
    """Whether the content goes to review with its last picture: a run has a stage for that, and what a reviewer
    sent back waits for a person."""
    return content.run_id is None and content.status is ContentStatus.DRAFT and not content.review_note

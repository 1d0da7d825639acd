"""Pictures: stored once by their hash, and the end of waiting for them."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from chassis.ids import new_id
from chassis.refusal import NotFound, Refusal, StateConflict
from services.publisher.domain.content import Content, ContentStatus
from services.publisher.domain.history import Origin, Step
from services.publisher.domain.image import Image, pending_count
from services.publisher.domain.picture import Picture
from services.publisher.store.images import ImageBlob
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import LockedCalendar, lock_site_calendar
from services.publisher.usecases.review import submit_for_review, submit_locked


def get_image(tx: PublisherTransaction, *, account_id: str, image_id: str) -> Image:
    """Raises NotFound."""
    return tx.images.get(image_id, account_id=account_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that was made for an image. `actor` is who uploads it."""

    account_id: str
    image_id: str
    picture: Picture
    model_name: str
    actor: str
    ai_task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What became of each upload, and whether content went to review by them, which may have got a time at once."""

    results: list[Image | Refusal]
    reviewed: bool


def upload_images(tx: PublisherTransaction, *, uploads: Sequence[Upload], now: datetime) -> Uploaded:
    """Pictures are made, each for itself: the image, or NotFound, or StateConflict where it has another picture.

    The same bytes again are a quiet success. Many go in one transaction, because those of a site that wait for
    review take the lock of its calendar, and would wait for each other's commits.
    """
    # Before any row is locked, since many bytes take a while.
    found = tx.images.some([upload.image_id for upload in uploads])
    known = [
        upload
        for upload in uploads
        if (image := found.get(upload.image_id)) and image.account_id == upload.account_id
    ]
    tx.image_blobs.keep([_blob(upload.picture, now=now) for upload in known])
    drafts = _lock_drafts(tx, {found[upload.image_id].content_id for upload in known})
    actors: dict[str, str] = {}
    images = tx.images.lock_some([upload.image_id for upload in known])
    made: dict[str, Image] = {}
    origins: list[Origin] = []
    results: list[Image | Refusal] = []
    for upload in uploads:
        before = images.get(upload.image_id)
        if before is None or before.account_id != upload.account_id:
            results.append(NotFound(kind="image", id=upload.image_id))
            continue
        try:
            after = _with_picture(before, upload, now=now)
        except StateConflict as conflict:
            results.append(conflict)
            continue
        results.append(after)
        images[after.id] = after
        if after is not before:
            made[after.id] = after
            origins += _origin(after, upload, now=now)
            actors[after.content_id] = upload.actor
    tx.images.save_pictures(list(made.values()))
    tx.histories.add_origins(origins)
    touched = actors.keys() & drafts.keys()
    complete = sorted(touched - tx.images.with_pending(touched))
    for content_id in complete:
        draft, calendar = drafts[content_id]
        # With its text this time.
        content = tx.content.lock(content_id, account_id=draft.account_id)
        submit_locked(tx, content, calendar, actor=actors[content_id], now=now)
    return Uploaded(results=results, reviewed=bool(complete))


def _origin(image: Image, upload: Upload, *, now: datetime) -> list[Origin]:
    if upload.ai_task_id is None:
        return []
    return [
        Origin(
            id=new_id(),
            account_id=image.account_id,
            content_id=image.content_id,
            image_id=image.id,
            step=Step.PICTURE,
            ai_task_id=upload.ai_task_id,
            item_id=image.id,
            model_name=upload.model_name,
            created_at=now,
        )
    ]


def _blob(picture: Picture, *, now: datetime) -> tuple[ImageBlob, bytes]:
    blob = ImageBlob(
        sha256=picture.sha256,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(picture.data),
        created_at=now,
    )
    return blob, picture.data


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


def _with_picture(image: Image, upload: Upload, *, now: datetime) -> Image:
    """Raises StateConflict where it has another picture."""
    return image.generated(
        content_hash=upload.picture.sha256,
        media_type=upload.picture.media_type,
        width=upload.picture.width,
        height=upload.picture.height,
        url=upload.picture.url,
        model_name=upload.model_name,
        now=now,
    )


def _lock_drafts(
    tx: PublisherTransaction, content_ids: Set[str]
) -> dict[str, tuple[Content, LockedCalendar]]:
    """Those of the contents that go to review with their last picture, locked as `_lock` does; nobody has yet."""
    reviewed = [content for content in tx.content.some(content_ids) if _goes_to_review(content)]
    calendars = {
        site_id: lock_site_calendar(tx, site_id=site_id, account_id=account_id)
        for site_id, account_id in sorted({(content.site_id, content.account_id) for content in reviewed})
    }
    locked = tx.content.lock_some({content.id for content in reviewed})
    return {
        content.id: (content, calendars[content.site_id]) for content in locked if _goes_to_review(content)
    }


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

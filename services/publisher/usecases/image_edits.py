"""Images by hand: other words for them, and doing the same to many, all or none."""

from collections.abc import Sequence
from datetime import datetime

from services.publisher.domain.image import Image
from services.publisher.store.transaction import PublisherTransaction


def put_image(
    tx: PublisherTransaction,
    *,
    account_id: str,
    image_id: str,
    prompt: str,
    alt_text: str,
    etag: str,
    now: datetime,
) -> Image:
    """Another prompt and alternative text; the same again changes nothing. Raises NotFound, StaleEtag, StateConflict."""
    before = tx.images.lock(image_id, account_id=account_id)
    edited = before.edit(prompt=prompt, alt_text=alt_text, etag=etag, now=now)
    if edited is not before:
        tx.images.save(edited)
    return edited


def delete_images(tx: PublisherTransaction, *, account_id: str, site_id: str, ids: Sequence[str]) -> int:
    """Deletes images of articles that have no time and are nowhere published. Returns how many.

    Raises NotFound for the site, and for an id that it does not have; StateConflict for one of another article.
    Then none is deleted.
    """
    tx.sites.check(site_id, account_id=account_id)
    ids = list(dict.fromkeys(id.lower() for id in ids))
    # Content is locked before its images, and which it is is known from them: an image never changes its article.
    for content in tx.content.lock_some({image.content_id for image in tx.images.some(ids).values()}):
        if content.site_id == site_id and content.account_id == account_id:
            content.check_pictures_deletable()
    tx.images.lock_of_site(ids, site_id=site_id, account_id=account_id)
    tx.images.delete_all(ids)
    return len(ids)

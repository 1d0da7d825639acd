"""Giving up what is at a target that cannot be reached any more, so that its connection may be deleted."""

from datetime import datetime
from typing import Final

from services.publisher.domain.events import ContentUnpublished
from services.publisher.domain.publication import LEAVABLE
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import book

AT_ONCE: Final = 100


def leave_some(tx: PublisherTransaction, *, site_id: str, account_id: str, etag: str, now: datetime) -> int:
    """Count up to a hundred contents that came by the site's connection as not published; returns how many it were.

    Nobody asks the target, so readers may see them there still. What is on its way there is let alone. Raises NotFound
    for the site, and StaleEtag.
    """
    tx.sites.check(site_id, account_id=account_id)
    connection = tx.connections.find(site_id)
    if connection is None or connection.target is Target.HOSTED:
        return 0
    connection.check_etag(etag)
    reason = (
        f"It was left at {connection.url} when the connection was deleted. Readers may see it there still;"
        " publish it again to show it at the site's new place."
    )
    left = 0
    for publication in tx.publications.leavable(site_id, connection.target, limit=AT_ONCE):
        content = tx.content.lock(publication.content_id, account_id=account_id)
        locked = tx.publications.lock_of(content.id, publication.target)
        if locked is None or locked.state not in LEAVABLE:
            continue
        tx.publications.save(locked.retract(now=now))
        after = content.leave_behind(reason, now=now)
        book(tx, after, ContentUnpublished.of(after, now=now))
        left += 1
    return left

"""Reading back what readers see at a target: people there change things without telling us."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from chassis.sealing import Sealer
from services.publisher.domain.connection import Access
from services.publisher.domain.content import Content
from services.publisher.domain.delivery import AccessRefused
from services.publisher.domain.events import ContentUnpublished
from services.publisher.domain.finding import Finding
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.domain.seen import Seen, SeenState
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import book
from services.publisher.usecases.connections import note_refused
from services.publisher.usecases.credentials import opened

TARGETS: Final = (Target.WORDPRESS,)
"""Those that can be asked."""

EVERY: Final = timedelta(minutes=5)
"""From the end of one round over a site to the beginning of the next."""

BETWEEN_PAGES: Final = timedelta(seconds=10)
PAGE: Final = 100
"""What WordPress gives at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of what is published at a site's target, to be looked at there."""

    access: Access
    publications: list[Publication]


def claim_pages(tx: PublisherTransaction, *, limit: int, sealer: Sealer, now: datetime) -> list[Page]:
    """The next publications of up to `limit` sites that are due; nobody else gets them.

    Only connections that work are asked: what became of one that is lost is seen when it is mended.
    """
    pages = []
    for connection, after in tx.connections.lock_due_for_reading(TARGETS, limit=limit, now=now):
        publications = tx.publications.there(connection.site_id, connection.target, after=after, limit=PAGE)
        whole = len(publications) == PAGE
        tx.connections.save_reading(
            connection.site_id,
            after=publications[-1].id if whole else None,
            due_at=now + (BETWEEN_PAGES if whole else EVERY),
        )
        if not publications:
            continue
        try:
            access = opened(connection, sealer=sealer, now=now)
        except AccessRefused as refused:
            note_reading_refused(
                tx, site_id=connection.site_id, version=connection.version, refused=refused, now=now
            )
            continue
        pages.append(Page(access=access, publications=publications))
    return pages


def note_reading_refused(
    tx: PublisherTransaction, *, site_id: str, version: int, refused: AccessRefused, now: datetime
) -> None:
    """The target did not let us look: the connection is lost if the cause says so."""
    finding = Finding(cause=refused.cause, sentence=refused.sentence)
    note_refused(tx, site_id=site_id, version=version, finding=finding, now=now)


def changed(publications: Collection[Publication], seen: dict[str, Seen]) -> list[tuple[Publication, Seen]]:
    """What is not as it was booked. Nothing to note leaves what was noted before: why the last delivery failed, too."""
    return [
        (one, now)
        for one in publications
        if (now := seen.get(one.id)) is not None
        and now != Seen(SeenState.PUBLISHED, one.external_url)
        and now != Seen(SeenState.PUBLISHED, one.external_url, one.error)
    ]


def book_seen(
    tx: PublisherTransaction, *, publication: Publication, seen: Seen, now: datetime
) -> Content | None:
    """What readers do not see any more is not published; a new address is kept, and what somebody did there is told.

    None when something else became of the publication since it was read.
    """
    content = tx.content.lock(publication.content_id, account_id=publication.account_id)
    locked = tx.publications.lock_of(content.id, publication.target)
    if locked != publication or locked.state is not PublicationState.PUBLISHED:
        return None
    if seen.state is SeenState.PUBLISHED:
        url, note = seen.external_url or locked.external_url, seen.note or locked.error
        if (url, note) == (locked.external_url, locked.error):
            return content
        tx.publications.save(replace(locked, external_url=url, error=note, updated_at=now))
        other = replace(
            content, external_url=url, publish_error=seen.note or content.publish_error, updated_at=now
        )
        tx.calendar.save(other)
        return other
    tx.publications.save(locked.retract(now=now))
    unpublished = content.unpublish(reason=seen.note, now=now)
    return book(tx, unpublished, ContentUnpublished.of(unpublished, at_target=True, now=now))

"""Deliveries: asking for one, taking it up under a claim, booking how it ended, and what was missed."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from chassis.sealing import Sealer
from services.publisher.domain.connection import Connection
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.delivery import AccessRefused, Delivery, Placed
from services.publisher.domain.events import (
    ContentPublished,
    ContentPublishFailed,
    ContentPublishUnconfirmed,
)
from services.publisher.domain.finding import Finding
from services.publisher.domain.image import made_images
from services.publisher.domain.publication import Publication, PublicationState
from services.publisher.domain.schedule.checks import check_times
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import book, lock_calendar
from services.publisher.usecases.connections import note_delivered, note_refused
from services.publisher.usecases.credentials import way_to

LATE_SECONDS: Final = 60
"""Content that is due for longer was missed: nobody was there at its time, and the site's catch-up rule decides."""

CLAIM_SECONDS: Final = 30.0
"""A delivery that was not booked within this time is taken up by another publisher."""

ATTEMPTS_MAX: Final = 8
RETRY_SECONDS_MAX: Final = 300.0
RETRY_AFTER_SECONDS_MAX: Final = 3600.0
"""What a target says about when to come back is believed up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What there is to do for a publisher: the first planned time of all, and whether a delivery waits."""

    first_due_at: datetime | None
    delivery_waits: bool


def publish(tx: PublisherTransaction, *, content_id: str, account_id: str, now: datetime) -> Content:
    """Ask for the delivery of approved content at once; a publisher takes it up.

    Content on its way or published is left as it is. It counts as any other: StateConflict when the day, week or
    month is full, and for content that is not approved or is being looked up. Raises NotFound.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    if content.site_status in (SiteStatus.PUBLISHING, SiteStatus.PUBLISHED):
        return content
    if content.site_status is SiteStatus.SCHEDULED:
        content = content.move(now, now=now)
    publishing = content.start_publishing(now=now)
    taken = calendar.occupied(now=now, without=[content.id])
    # Two may be asked for in the same instant: only the limits count here, not the slot.
    check_times(calendar.settings, [now], occupied=[at for at in taken if at != now], now=now)
    tx.calendar.save(publishing)
    _ask(tx, publishing, tx.connections.hold(content.site_id), now=now)
    return publishing


def read_agenda(tx: PublisherTransaction) -> Agenda:
    """What a publisher looks at before it does anything."""
    return Agenda(first_due_at=tx.calendar.first_due_at(), delivery_waits=tx.publications.any_open())


def claim_deliveries(
    tx: PublisherTransaction,
    *,
    limit: int,
    sealer: Sealer,
    claim_seconds: float = CLAIM_SECONDS,
    now: datetime,
) -> list[Delivery]:
    """Take up what is due, then what waits: deliveries just asked for, put off, or left by a publisher that died.

    Nobody else gets them for `claim_seconds`. Content that is due for over a minute is left to `catch_up`. What its
    site's connection cannot be opened for ends here.
    """
    connections: dict[str, Connection | None] = {}

    def connection_of(site_id: str) -> Connection | None:
        if site_id not in connections:
            connections[site_id] = tx.connections.hold(site_id)
        return connections[site_id]

    late = now - timedelta(seconds=LATE_SECONDS)
    begun = []
    for content in tx.calendar.lock_due(after=late, until=now, limit=limit):
        publishing = content.start_publishing(now=now)
        tx.calendar.save(publishing)
        asked = _ask(tx, publishing, connection_of(publishing.site_id), now=now)
        begun.append((publishing, asked))
    if len(begun) < limit:
        fresh = {publication.id for _, publication in begun}
        for publication in tx.publications.lock_open(limit=limit):
            if publication.id not in fresh and len(begun) < limit:
                content = tx.content.get(publication.content_id, account_id=publication.account_id)
                begun.append((content, publication))
    sites: dict[str, Site] = {}
    deliveries = []
    for content, publication in begun:
        attempt = _next_attempt(tx, content, publication, claim_seconds=claim_seconds, now=now)
        if attempt is None:
            continue
        connection = connection_of(content.site_id)
        try:
            access = way_to(connection, publication=attempt, sealer=sealer, now=now)
        except AccessRefused as refused:
            _refuse(tx, content, attempt, refused, version=connection.version if connection else 0, now=now)
            continue
        site = sites.get(content.site_id) or tx.sites.get(content.site_id, account_id=content.account_id)
        sites[site.id] = site
        images = made_images(tx.images.of_content(content.id))
        deliveries.append(
            Delivery(publication=attempt, content=content, site=site, images=images, access=access)
        )
    return deliveries


def confirm_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, placed: Placed, now: datetime
) -> Content | None:
    """The content is at its target. None when another publisher has taken the delivery over meanwhile."""
    held = _held(tx, delivery)
    if held is None:
        return None
    content, publication = held
    published = content.confirm_published(
        external_id=placed.external_id, external_url=placed.external_url, now=now
    )
    arrived = publication.arrive(external_id=placed.external_id, external_url=placed.external_url, now=now)
    tx.publications.save(arrived)
    note_delivered(tx, access=delivery.access, now=now)
    return book(tx, published, ContentPublished.of(published, now=now))


def fail_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, error: str, now: datetime
) -> Content | None:
    """The content is known not to be at its target. None when the delivery was taken over."""
    held = _held(tx, delivery)
    if held is None:
        return None
    content, publication = held
    return _fail(tx, content, publication, error=error, now=now)


def refuse_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, refused: AccessRefused, now: datetime
) -> Content | None:
    """The target did not let us in: it has failed, and the site's connection is lost if the cause says so.

    What is unconfirmed stays so, until the target lets us look. None when the delivery was taken over.
    """
    held = _held(tx, delivery)
    if held is None:
        return None
    content, publication = held
    return _refuse(tx, content, publication, refused, version=delivery.access.version, now=now)


def put_off_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, error: str, retry_after_seconds: float = 0, now: datetime
) -> Content | None:
    """The target could not be reached: another attempt after a while, or when it said, and failure after the eighth.

    What is unconfirmed stays so: an attempt before may have brought it there.
    """
    held = _held(tx, delivery)
    if held is None:
        return None
    content, publication = held
    pause = max(_pause_seconds(publication), min(retry_after_seconds, RETRY_AFTER_SECONDS_MAX))
    if content.site_status is SiteStatus.UNCONFIRMED:
        tx.publications.save(publication.lose_answer(error, now=now), claim_seconds=pause)
        return content
    if publication.attempts >= ATTEMPTS_MAX:
        return _fail(tx, content, publication, error=error, now=now)
    waiting = replace(publication, error=error, updated_at=now)
    tx.publications.save(waiting, claim_seconds=pause)
    return content


def lose_answer(
    tx: PublisherTransaction, *, delivery: Delivery, reason: str, now: datetime
) -> Content | None:
    """Whether it is at its target is not known; the next attempt looks there first, for as long as it takes."""
    held = _held(tx, delivery)
    if held is None:
        return None
    content, publication = held
    tx.publications.save(publication.lose_answer(reason, now=now), claim_seconds=_pause_seconds(publication))
    if content.site_status is SiteStatus.UNCONFIRMED:
        return content
    unconfirmed = content.leave_unconfirmed(reason, now=now)
    return book(tx, unconfirmed, ContentPublishUnconfirmed.of(unconfirmed, now=now))


def list_publications(
    tx: PublisherTransaction, *, site_id: str, account_id: str, content_id: str | None, page: PageRequest
) -> Page[Publication]:
    """The site's deliveries, newest first. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.publications.newest(site_id=site_id, account_id=account_id, content_id=content_id, page=page)


def _ask(
    tx: PublisherTransaction, content: Content, connection: Connection | None, *, now: datetime
) -> Publication:
    """The content's publication, waiting. The marker is committed before any target is called."""
    target = connection.target if connection else Target.HOSTED
    before = tx.publications.lock_of(content.id, target)
    if before is None:
        asked = Publication.ask(
            id=new_id(), content=content, target=target, marker=secrets.token_hex(16), now=now
        )
        tx.publications.add(asked)
        return asked
    asked = before.ask_again(now=now)
    tx.publications.save(asked)
    return asked


def _next_attempt(
    tx: PublisherTransaction,
    content: Content,
    publication: Publication,
    *,
    claim_seconds: float,
    now: datetime,
) -> Publication | None:
    """The publication with one more attempt begun; None when it has had them all without an end."""
    if publication.state is PublicationState.DELIVERING:
        if publication.attempts >= ATTEMPTS_MAX and content.site_status is not SiteStatus.UNCONFIRMED:
            error = publication.error or f"Delivery broke off {publication.attempts} times. Publish it again."
            _fail(tx, content, publication, error=error, now=now)
            return None
        attempt = publication.take_over(now=now)
    else:
        attempt = publication.begin(content_version=content.version, now=now)
    tx.publications.save(attempt, claim_seconds=claim_seconds)
    return attempt


def _held(tx: PublisherTransaction, delivery: Delivery) -> tuple[Content, Publication] | None:
    """The content and publication, locked, while the delivery is still this publisher's own attempt."""
    content = tx.content.lock(delivery.content.id, account_id=delivery.content.account_id)
    publication = tx.publications.lock_of(content.id, delivery.publication.target)
    own = (
        publication is not None
        and publication.state is PublicationState.DELIVERING
        and publication.attempts == delivery.publication.attempts
    )
    return (content, publication) if publication is not None and own else None


def _refuse(
    tx: PublisherTransaction,
    content: Content,
    publication: Publication,
    refused: AccessRefused,
    *,
    version: int,
    now: datetime,
) -> Content:
    if content.site_status is SiteStatus.UNCONFIRMED:
        waiting = publication.lose_answer(refused.sentence, now=now)
        tx.publications.save(waiting, claim_seconds=_pause_seconds(publication))
        after = content
    else:
        after = _fail(tx, content, publication, error=refused.sentence, now=now)
    finding = Finding(cause=refused.cause, sentence=refused.sentence)
    note_refused(tx, site_id=content.site_id, version=version, finding=finding, now=now)
    return after


def _fail(
    tx: PublisherTransaction, content: Content, publication: Publication, *, error: str, now: datetime
) -> Content:
    tx.publications.save(publication.fail(error, now=now))
    failed = content.fail_publishing(error, now=now)
    return book(tx, failed, ContentPublishFailed.of(failed, now=now))


def _pause_seconds(publication: Publication) -> float:
    """2, 4, 8, … seconds after each attempt, at most five minutes."""
    return min(2.0 ** min(publication.attempts, 10), RETRY_SECONDS_MAX)

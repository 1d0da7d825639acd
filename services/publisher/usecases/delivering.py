"""What a publisher does: taking deliveries up under a claim, and booking how each ended."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from chassis.sealing import Sealer
from services.publisher.domain.connection import Connection
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.delivery import AccessRefused, Delivery, Placed
from services.publisher.domain.events import (
    ContentPublished,
    ContentPublishFailed,
    ContentPublishUnconfirmed,
    ContentUnpublished,
    ContentUnpublishFailed,
)
from services.publisher.domain.finding import Finding
from services.publisher.domain.image import made_images
from services.publisher.domain.publication import Action, Publication, PublicationState
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import book
from services.publisher.usecases.connections import note_delivered, note_refused
from services.publisher.usecases.credentials import way_to
from services.publisher.usecases.publishing import ask

LATE_SECONDS: Final = 60
"""Content that is due for longer was missed: nobody was there at its time, and the site's catch-up rule decides."""

SITE_DELIVERIES_MAX: Final = 8
"""One publisher has so many of a site on their way at once: a slow target must not keep the others waiting."""

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


def read_agenda(tx: PublisherTransaction, *, at_work: Iterable[str] = ()) -> Agenda:
    """What a publisher looks at before it does anything, but for the sites that have no place; `at_work` as for a claim."""
    full = _Places(0, at_work).full()
    return Agenda(
        first_due_at=tx.calendar.first_due_at(without=full),
        delivery_waits=tx.publications.any_open(without=full),
    )


def claim_deliveries(
    tx: PublisherTransaction,
    *,
    limit: int,
    at_work: Iterable[str] = (),
    sealer: Sealer,
    claim_seconds: float = CLAIM_SECONDS,
    now: datetime,
) -> list[Delivery]:
    """Take up what is due, then what waits: deliveries just asked for, put off, or left by a publisher that died.

    At most `limit`, and of no site more than it has places: `at_work` has the site of each delivery that this publisher
    is at. Nobody else gets them for `claim_seconds`. Content that is due for over a minute is left to
    `catch_up`. What its site's connection cannot be opened for ends here.
    """
    held, places = _Held(tx), _Places(limit, at_work)
    late = now - timedelta(seconds=LATE_SECONDS)
    begun = []
    due = tx.calendar.lock_due(after=late, until=now, without=places.full(), limit=limit)
    publishing = [content.start_publishing(now=now) for content in due if places.take(content.site_id)]
    tx.calendar.save_all(publishing)
    for content in publishing:
        begun.append((content, ask(tx, content, held.connection(content.site_id), now=now)))
    if len(begun) < limit:
        fresh = {publication.id for _, publication in begun}
        for publication in tx.publications.lock_open(without=places.full(), limit=limit):
            if publication.id not in fresh and places.take(publication.site_id):
                content = tx.content.get(publication.content_id, account_id=publication.account_id)
                begun.append((content, publication))
    images = tx.images.of_contents([content.id for content, _ in begun])
    deliveries = []
    for content, publication in begun:
        attempt = _next_attempt(tx, content, publication, claim_seconds=claim_seconds, now=now)
        if attempt is None:
            continue
        connection = held.connection(content.site_id)
        try:
            access = way_to(connection, publication=attempt, sealer=sealer, now=now)
        except AccessRefused as refused:
            _refuse(tx, content, attempt, refused, version=connection.version if connection else 0, now=now)
            continue
        deliveries.append(
            Delivery(
                publication=attempt,
                content=content,
                site=held.site(content),
                images=made_images(images.get(content.id, ())),
                access=access,
            )
        )
    return deliveries


def confirm_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, placed: Placed, now: datetime
) -> Content | None:
    """The content is at its target. None when another publisher has taken the delivery over meanwhile."""
    held = _own(tx, delivery)
    if held is None:
        return None
    content, publication = held
    place = {"external_id": placed.external_id, "external_url": placed.external_url}
    arrived = publication.arrive(**place, now=now)
    published = content.confirm_published(version=arrived.published_version, **place, now=now)
    tx.publications.save(arrived)
    note_delivered(tx, access=delivery.access, now=now)
    again = content.site_status is SiteStatus.PUBLISHED
    return book(tx, published, ContentPublished.of(published, again=again, now=now))


def confirm_retracted(tx: PublisherTransaction, *, delivery: Delivery, now: datetime) -> Content | None:
    """No reader sees the content at its target any more. None when the delivery was taken over."""
    held = _own(tx, delivery)
    if held is None:
        return None
    content, publication = held
    tx.publications.save(publication.retract(now=now))
    note_delivered(tx, access=delivery.access, now=now)
    unpublished = content.unpublish(now=now)
    return book(tx, unpublished, ContentUnpublished.of(unpublished, now=now))


def fail_delivery(
    tx: PublisherTransaction, *, delivery: Delivery, error: str, now: datetime
) -> Content | None:
    """The target did not take the content (or not let it go), for good. None when the delivery was taken over."""
    held = _own(tx, delivery)
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
    held = _own(tx, delivery)
    if held is None:
        return None
    content, publication = held
    return _refuse(tx, content, publication, refused, version=delivery.access.version, now=now)


def put_off_delivery(
    tx: PublisherTransaction,
    *,
    delivery: Delivery,
    error: str,
    retry_after_seconds: float = 0,
    now: datetime,
) -> Content | None:
    """The target could not be reached: another attempt after a while, or when it said, and failure after the eighth.

    What is unconfirmed stays so: an attempt before may have brought it there.
    """
    held = _own(tx, delivery)
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
    """Whether the target did it is not known; the next attempt looks there first, for as long as it takes."""
    held = _own(tx, delivery)
    if held is None:
        return None
    content, publication = held
    tx.publications.save(publication.lose_answer(reason, now=now), claim_seconds=_pause_seconds(publication))
    told = content.site_status is SiteStatus.UNCONFIRMED or content.publish_error == reason
    if told or publication.action is Action.UNPUBLISH:
        return content
    unconfirmed = content.leave_unconfirmed(reason, now=now)
    return book(tx, unconfirmed, ContentPublishUnconfirmed.of(unconfirmed, now=now))


class _Places:
    """How many more deliveries a publisher takes up."""

    def __init__(self, limit: int, at_work: Iterable[str]) -> None:
        self._free = limit
        self._at_work = Counter(at_work)

    def full(self) -> list[str]:
        """Ids of the sites that have no place."""
        return [site_id for site_id, count in self._at_work.items() if count >= SITE_DELIVERIES_MAX]

    def take(self, site_id: str) -> bool:
        """Whether there was one for another delivery of the site."""
        if not self._free or self._at_work[site_id] >= SITE_DELIVERIES_MAX:
            return False
        self._free -= 1
        self._at_work[site_id] += 1
        return True


class _Held:
    """The sites of a claim with their connections, which stay as they are until the transaction ends."""

    def __init__(self, tx: PublisherTransaction) -> None:
        self._tx = tx
        self._connections: dict[str, Connection | None] = {}
        self._sites: dict[str, Site] = {}

    def connection(self, site_id: str) -> Connection | None:
        if site_id not in self._connections:
            self._connections[site_id] = self._tx.connections.hold(site_id)
        return self._connections[site_id]

    def site(self, content: Content) -> Site:
        if content.site_id not in self._sites:
            self._sites[content.site_id] = self._tx.sites.get(content.site_id, account_id=content.account_id)
        return self._sites[content.site_id]


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
        attempt = publication.take_over(content_version=content.version, now=now)
    else:
        attempt = publication.begin(content_version=content.version, now=now)
    tx.publications.save(attempt, claim_seconds=claim_seconds)
    return attempt


def _own(tx: PublisherTransaction, delivery: Delivery) -> tuple[Content, Publication] | None:
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
    if publication.action is Action.UNPUBLISH:
        return book(tx, failed, ContentUnpublishFailed.of(failed, now=now))
    return book(tx, failed, ContentPublishFailed.of(failed, now=now))


def _pause_seconds(publication: Publication) -> float:
    """2, 4, 8, … seconds after each attempt, at most five minutes."""
    return min(2.0 ** min(publication.attempts, 10), RETRY_SECONDS_MAX)

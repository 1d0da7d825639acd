"""What people ask for: that content is published, published again as it reads by now, or taken off."""

import secrets
from datetime import datetime, timedelta
from itertools import count

from chassis.ids import new_id
from chassis.paging import Page, PageRequest
from services.publisher.domain.connection import Connection
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.history import Action as HistoryAction
from services.publisher.domain.item import wrong_move
from services.publisher.domain.publication import Action, Publication, PublicationState
from services.publisher.domain.schedule.checks import check_times
from services.publisher.domain.target import Target
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import lock_calendar


def publish(tx: PublisherTransaction, *, content_id: str, account_id: str, now: datetime) -> Content:
    """Ask for the delivery of approved content at once; a publisher takes it up.

    It goes where the site's connection leads. What is published already is delivered again to where it is, if its text
    has changed since; readers see the version before until then. Content on its way is left as it is. A first delivery
    counts as any other: StateConflict when the day, week or month is full, and for content that is not approved, is
    being looked up or taken off, or is on its way with a text from before. Raises NotFound.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    if content.site_status is SiteStatus.PUBLISHING:
        return content
    if content.site_status is SiteStatus.PUBLISHED:
        return _publish_again(tx, content, now=now)
    taken = calendar.occupied(now=now, without=[content.id])
    # Where it stands on the calendar: what others asked for in the same instant has a place of its own.
    at = next(at for at in (now + timedelta(microseconds=number) for number in count()) if at not in taken)
    if content.site_status is SiteStatus.SCHEDULED:
        content = content.move(at, now=now)
    publishing = content.start_publishing(now=at)
    check_times(calendar.settings, [at], occupied=taken, now=now)
    tx.calendar.save(publishing)
    ask(tx, publishing, tx.connections.hold(content.site_id), now=now)
    tx.note(publishing, HistoryAction.PUBLISH_REQUESTED, now=now)
    return publishing


def unpublish(tx: PublisherTransaction, *, content_id: str, account_id: str, now: datetime) -> Content:
    """Ask for published content to be taken from its target; a publisher takes it up.

    What is not published, or on its way off, is left as it is. Raises NotFound, and StateConflict for what is
    scheduled, or on its way to the target.
    """
    content = tx.content.lock(content_id, account_id=account_id)
    if content.site_status in (SiteStatus.NOT_PUBLISHED, SiteStatus.FAILED):
        return content
    content.unpublish(now=now)
    publication = tx.publications.lock_shown(content.id)
    assert publication is not None, "published content has a publication"
    if publication.is_open and publication.action is Action.UNPUBLISH:
        return content
    tx.publications.save(publication.ask_to_retract(now=now))
    tx.note(content, HistoryAction.UNPUBLISH_REQUESTED, now=now)
    return content


def list_publications(
    tx: PublisherTransaction, *, site_id: str, account_id: str, content_id: str | None, page: PageRequest
) -> Page[Publication]:
    """The site's deliveries, newest first. Raises NotFound for the site."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.publications.newest(site_id=site_id, account_id=account_id, content_id=content_id, page=page)


def ask(
    tx: PublisherTransaction, content: Content, connection: Connection | None, *, now: datetime
) -> Publication:
    """The content's publication where the connection leads, waiting. Its marker is committed before the target is called."""
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


def _publish_again(tx: PublisherTransaction, content: Content, *, now: datetime) -> Content:
    publication = tx.publications.lock_shown(content.id)
    assert publication is not None, "published content has a publication"
    if publication.is_open:
        _check_wait(content, publication)
    elif publication.published_version != content.version:
        tx.publications.save(publication.ask_again(now=now))
        tx.note(content, HistoryAction.PUBLISH_REQUESTED, now=now)
    return content


def _check_wait(content: Content, publication: Publication) -> None:
    """Waiting for the delivery that is under way is all there is to do, unless it comes to something else."""
    late = (
        publication.state is not PublicationState.PENDING and publication.content_version != content.version
    )
    if publication.action is Action.UNPUBLISH or late:
        raise wrong_move(
            "publication",
            state=publication.state,
            cannot="asked for again",
            way_out="Wait until it has been taken off."
            if publication.action is Action.UNPUBLISH
            else "An earlier text is on its way: wait until it has arrived.",
        )

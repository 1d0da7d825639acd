"""The lock under which times of a site's calendar are read and taken, so that its limits hold for all at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from services.publisher.domain.content import Content
from services.publisher.domain.events import ContentEvent
from services.publisher.domain.local_time import to_utc
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.schedule.limits import month_of, week_of
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.store.transaction import PublisherTransaction


@dataclass(frozen=True, slots=True)
class LockedCalendar:
    """A site's calendar that nobody else takes times of until the transaction ends."""

    tx: PublisherTransaction
    settings: PublishingSettings

    def occupied(self, *, now: datetime, without: Iterable[str] = ()) -> Occupied:
        """Every taken instant that counts from `now` on, but for those of these contents."""
        return occupied(self.tx, self.settings, now=now, without=without)


def lock_calendar(
    tx: PublisherTransaction, *, content_id: str, account_id: str
) -> tuple[Content, LockedCalendar]:
    """Lock the calendar of the content's site, and then the content. Raises NotFound."""
    site_id = tx.content.get(content_id, account_id=account_id).site_id
    settings = tx.settings.lock(site_id, account_id=account_id)
    return tx.content.lock(content_id, account_id=account_id), LockedCalendar(tx, settings)


def lock_site_calendar(tx: PublisherTransaction, *, site_id: str, account_id: str) -> LockedCalendar:
    """Lock the calendar of a site. Raises NotFound."""
    return LockedCalendar(tx, tx.settings.lock(site_id, account_id=account_id))


def occupied(
    tx: PublisherTransaction, settings: PublishingSettings, *, now: datetime, without: Iterable[str] = ()
) -> Occupied:
    """Taken instants since the beginning of the site's month and week, the earlier of them: limits count from there."""
    today = now.astimezone(settings.zone).date()
    since = to_utc(min(month_of(today), week_of(today)), time(0), settings.zone)
    return tx.calendar.occupied(settings.site_id, since=since, without=without)


def book(tx: PublisherTransaction, content: Content, event: ContentEvent) -> Content:
    """Save where content stands now, together with what is told of it."""
    tx.calendar.save(content)
    tx.record(event, account_id=content.account_id)
    return content

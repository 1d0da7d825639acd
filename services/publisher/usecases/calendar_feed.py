"""A site's calendar for calendar programs, behind a secret address that can be ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chassis.refusal import NotFound
from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.calendar_feed import CalendarFeed, hash_of
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction

DAYS_BACK: Final = 90
DAYS_AHEAD: Final = 366
ENTRIES_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedContent:
    """A site and what stands on its calendar, in order."""

    site: Site
    entries: list[CalendarEntry]


def create_feed(
    tx: PublisherTransaction, *, site_id: str, account_id: str, actor: str, secret: str, now: datetime
) -> CalendarFeed:
    """Make the site's feed anew; an address that was given out before ends. Raises NotFound."""
    tx.sites.check(site_id, account_id=account_id)
    feed = CalendarFeed(
        site_id=site_id,
        account_id=account_id,
        secret_hash=hash_of(secret),
        created_by=actor,
        created_at=now,
    )
    tx.feeds.put(feed)
    return feed


def get_feed(tx: PublisherTransaction, *, site_id: str, account_id: str) -> CalendarFeed | None:
    """The site's feed; None when it has none. Raises NotFound."""
    tx.sites.check(site_id, account_id=account_id)
    return tx.feeds.of_site(site_id)


def revoke_feed(tx: PublisherTransaction, *, site_id: str, account_id: str) -> None:
    """End the site's feed, if it has one. Raises NotFound."""
    tx.sites.check(site_id, account_id=account_id)
    tx.feeds.remove(site_id)


def read_feed(tx: PublisherTransaction, *, token: str, now: datetime) -> FeedContent:
    """What the holder of a secret may see: 90 days back, a year ahead, 5,000 entries. Raises NotFound."""
    feed = tx.feeds.by_hash(hash_of(token))
    if feed is None:
        raise NotFound(kind="calendar_feed", id="")
    return FeedContent(
        site=tx.sites.get(feed.site_id, account_id=feed.account_id),
        entries=tx.calendar_entries.between(
            feed.site_id,
            account_id=feed.account_id,
            start=now - timedelta(days=DAYS_BACK),
            end=now + timedelta(days=DAYS_AHEAD),
            limit=ENTRIES_MAX,
        ),
    )

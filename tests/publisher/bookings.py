"""What tests of calendars do beside the use cases, and what the checks of `make verify` say of the outcome."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from chassis.ids import new_id
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.publishing_settings import TimeZoneChange
from services.publisher.domain.site import Site
from services.publisher.store import tables
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import sites
from suite.verify import publishing
from suite.verify.check import run_on
from tests.publisher.domain.builders import text
from tests.publisher.newsroom import EDITOR, Newsroom


def faults(newsroom: Newsroom) -> dict[str, dict[str, Any] | None]:
    """The first bad row of each check of publishing that does not hold."""
    with closing(newsroom.engine.raw_connection()) as connection:
        assert connection.driver_connection is not None
        found = run_on(connection.driver_connection, publishing.CHECKS)
    return {finding.check.name: finding.first_bad_row for finding in found if not finding.holds}


def change_zone(newsroom: Newsroom, site: Site, zone: str, change: TimeZoneChange | None = None) -> None:
    """Somebody gives the site another time zone."""

    def put(tx: PublisherTransaction, *, now: datetime) -> None:
        settings = replace(tx.settings.get(site.id, account_id=site.account_id), time_zone=zone)
        sites.put_settings(tx, settings=settings, etag="", time_zone_change=change, now=now)

    newsroom.run(put)


def put_at(newsroom: Newsroom, content: Content, at: datetime) -> None:
    """Scheduled content gets a time that no use case would give it."""
    row = update(tables.content).where(tables.content.c.id == content.id)
    with newsroom.engine.begin() as connection:
        connection.execute(row.values(scheduled_publish_at=at))


def due(newsroom: Newsroom, sites: Sequence[Site], *, each: int, at: datetime) -> list[Content]:
    """So many scheduled contents of each site at one instant, as near as slots are: a microsecond apart in a site."""
    contents = [
        replace(
            Content.create(
                id=new_id(),
                account_id=site.account_id,
                site_id=site.id,
                sector_id=None,
                task_id=None,
                cluster_id=None,
                slug=f"due-{new_id()}",
                text=text(title=f"Due {number}"),
                now=at,
            ),
            status=ContentStatus.APPROVED,
            site_status=SiteStatus.SCHEDULED,
            scheduled_publish_at=at + timedelta(microseconds=number),
        )
        for site in sites
        for number in range(each)
    ]

    def add(tx: PublisherTransaction) -> None:
        for content in contents:
            tx.content.add(content, edited_by=EDITOR)

    newsroom.transactions.run_sync(add)
    return contents

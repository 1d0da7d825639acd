"""A site's connection and its deliveries, changed by two at the same time."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from chassis.refusal import Contention, StateConflict
from chassis.testing import until
from services.publisher.domain.content import Content
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import connections, publishing
from tests.publisher.newsroom import Newsroom

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = current_user"


def _waits(newsroom: Newsroom) -> bool:
    with newsroom.engine.connect() as connection:
        return bool(connection.execute(text(WAITING)).scalar_one())


async def _delete(newsroom: Newsroom, site: Site) -> None:
    """The database gives up on a lock after two seconds, which a busy machine may need."""
    given_up = True
    while given_up:
        try:
            await newsroom.transactions.run(
                connections.delete_connection,
                site_id=site.id,
                account_id=site.account_id,
                etag="",
                now=newsroom.clock.now(),
            )
            given_up = False
        except Contention:
            await asyncio.sleep(0)


async def test_a_connection_is_not_taken_away_from_content_that_is_just_asked_for(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.connect(site)
    content = newsroom.approved(site)
    asked, go_on = threading.Event(), threading.Event()

    def publish_slowly(tx: PublisherTransaction) -> Content:
        found = publishing.publish(
            tx, content_id=content.id, account_id=content.account_id, now=newsroom.clock.now()
        )
        asked.set()
        go_on.wait(timeout=60)
        return found

    publishing_it = asyncio.create_task(newsroom.transactions.run(publish_slowly))
    await until(asked.is_set)
    deleting = asyncio.create_task(_delete(newsroom, site))
    await until(lambda: deleting.done() or _waits(newsroom))
    go_on.set()

    await publishing_it
    with pytest.raises(StateConflict, match="1 content is at wordpress"):
        await deleting

"""How calendars are read: by indexes whatever the tables' sizes, and in order."""

from datetime import timedelta

import pytest

from chassis.refusal import NotFound
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.site import Site
from services.publisher.store.calendar_entries import CalendarEntries, Shown
from services.publisher.store.transaction import PublisherTransaction
from tests.publisher.newsroom import Newsroom


def shown(newsroom: Newsroom, site: Site, *, account_id: str = "", limit: int = 10) -> Shown:
    now = newsroom.clock.now()

    def read(tx: PublisherTransaction) -> Shown:
        return tx.calendar_entries.shown(
            site.id,
            account_id=account_id or site.account_id,
            start=now,
            end=now + timedelta(days=7),
            late=now,
            limit=limit,
            limit_beside=limit,
        )

    return newsroom.transactions.run_sync(read)


def test_entries_come_in_the_order_of_their_times_and_no_more_than_asked_for(newsroom: Newsroom) -> None:
    site, now = newsroom.site(), newsroom.clock.now()
    days = [newsroom.scheduled(site, at=now + timedelta(days=day)) for day in (5, 1, 3, 8)]
    waiting = [newsroom.approved(site) for _ in range(3)]

    found = shown(newsroom, site, limit=2)

    assert [entry.content_id for entry in found.entries] == [days[1].id, days[2].id]
    assert [entry.content_id for entry in found.unscheduled] == [waiting[0].id, waiting[1].id]
    assert found.taken_beside == [now + timedelta(days=8)]


def test_an_entry_is_what_its_row_is(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=newsroom.clock.now() + timedelta(days=1, microseconds=120))

    (entry,) = shown(newsroom, site).entries

    assert entry == (
        content.id,
        content.title,
        content.status,
        content.site_status,
        content.scheduled_publish_at,
        content.scheduled_publish_at,
        None,
        "",
        content.updated_at,
    )


def test_rows_that_did_not_change_are_the_same_entries_again(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=newsroom.clock.now() + timedelta(days=1))

    first, second = (shown(newsroom, site).entries[0] for _ in range(2))

    assert first is second


def test_the_site_of_another_account_is_not_found(newsroom: Newsroom) -> None:
    with pytest.raises(NotFound):
        shown(newsroom, newsroom.site(), account_id=OTHER_ACCOUNT_ID)


@pytest.mark.parametrize("rows", [0, 2, 30])
def test_all_of_it_is_found_by_the_indexes_of_its_order_also_when_planned_for_a_small_table(
    newsroom: Newsroom, rows: int
) -> None:
    now = newsroom.clock.now()
    site = newsroom.site()
    for _ in range(rows):
        newsroom.approved(site)
    with newsroom.engine.begin() as connection:
        if rows:
            connection.exec_driver_sql("ANALYZE content")
        CalendarEntries(connection).shown(
            site.id,
            account_id=site.account_id,
            start=now,
            end=now,
            late=now,
            limit=1,
            limit_beside=1,
        )
        name = connection.exec_driver_sql(
            "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%%string_agg%%'"
        ).scalar_one()
        connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        values = ", ".join(["NULL"] * 7)
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN EXECUTE {name}({values})").scalars())

    assert "Seq Scan" not in plan
    assert plan.count("using content_calendar") == 3, plan

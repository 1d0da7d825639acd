"""What was missed while no publisher was there, by each rule of a site."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.testing import until
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.publishing_settings import CatchUp
from services.publisher.domain.schedule.slots import SLOTS_MAX
from services.publisher.usecases import catch_up
from tests.publisher.bookings import due, faults
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import Newsroom, published

DUE = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
GONE = datetime(2026, 11, 2, 23, 50, tzinfo=UTC)
BACK = datetime(2026, 11, 3, 0, 20, tzinfo=UTC)
"""Half an hour later, on the next day."""


async def test_publish_now_publishes_at_once_and_tells(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(catch_up=CatchUp.PUBLISH_NOW), at=DUE)
    newsroom.clock.set(DUE + timedelta(minutes=30))

    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.events(content)[-2:] == ["schedule_missed", "published"]
    missed = newsroom.told("schedule_missed")[0]
    assert (missed["planned_at"], missed["catch_up"]) == ("2026-11-02T14:00:00Z", "publish_now")


async def test_twenty_missed_are_published_now_in_their_order_and_the_next_day(newsroom: Newsroom) -> None:
    missed = _twenty_missed(newsroom, catch_up=CatchUp.PUBLISH_NOW, daily_limit=10)
    target = FakeTarget()

    for day in (BACK, datetime(2026, 11, 4, tzinfo=UTC)):
        newsroom.clock.set(day)
        await _running_for(newsroom, target, seconds=12)

    assert [delivery.content.id for delivery in target.seen] == missed
    places = _places(newsroom, missed)
    assert [places[id] for id in missed[:10]] == [BACK + timedelta(seconds=number) for number in range(10)]
    assert _days(newsroom, missed) == {date(2026, 11, 3): 10, date(2026, 11, 4): 10}
    assert [told["content_id"] for told in newsroom.told("schedule_missed")] == missed
    assert faults(newsroom) == {}


async def test_twenty_missed_are_published_at_the_next_slots_in_their_order(newsroom: Newsroom) -> None:
    missed = _twenty_missed(newsroom, catch_up=CatchUp.NEXT_SLOT, daily_limit=2)
    target = FakeTarget()
    scheduler = newsroom.scheduler(target=target)
    await published(scheduler)

    for day, hour in product(range(3, 13), (9, 14)):
        newsroom.clock.set(datetime(2026, 11, day, hour, tzinfo=UTC))
        await published(scheduler)

    assert [delivery.content.id for delivery in target.seen] == missed
    assert _days(newsroom, missed) == {date(2026, 11, day): 2 for day in range(3, 13)}
    assert [told["content_id"] for told in newsroom.told("schedule_missed")] == missed
    assert faults(newsroom) == {}


async def test_twenty_missed_are_held_each_told_once(newsroom: Newsroom) -> None:
    missed = _twenty_missed(newsroom, catch_up=CatchUp.HOLD, daily_limit=10)
    target = FakeTarget()

    await published(newsroom.scheduler(target=target))

    assert target.seen == []
    assert _days(newsroom, missed) == {}
    assert [told["content_id"] for told in newsroom.told("schedule_missed")] == missed


def test_more_than_are_handled_at_once_come_behind_those_before(newsroom: Newsroom) -> None:
    site = newsroom.site()
    missed = due(newsroom, [site], each=SLOTS_MAX + 5, at=DUE)
    newsroom.clock.set(BACK)

    for _ in range(2):
        newsroom.run(catch_up.catch_up, site_id=site.id, account_id=site.account_id)

    times = [newsroom.read(content).scheduled_publish_at for content in missed]
    assert times == [BACK + timedelta(seconds=number) for number in range(SLOTS_MAX + 5)]


async def test_publish_now_leaves_for_tomorrow_what_today_has_no_room_for(newsroom: Newsroom) -> None:
    first, second = _two_missed(newsroom, catch_up=CatchUp.PUBLISH_NOW, daily_limit=1)

    await published(newsroom.scheduler())

    assert newsroom.read(first).site_status is SiteStatus.PUBLISHED
    assert newsroom.read(second).scheduled_publish_at == datetime(2026, 11, 5, 0, 0, tzinfo=UTC)
    assert newsroom.events(second)[-2:] == ["schedule_missed", "scheduled"]


async def test_next_slot_gives_new_times_in_order(newsroom: Newsroom) -> None:
    first, second = _two_missed(newsroom, catch_up=CatchUp.NEXT_SLOT)

    await published(newsroom.scheduler())

    assert newsroom.read(first).scheduled_publish_at == datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
    assert newsroom.read(second).scheduled_publish_at == datetime(2026, 11, 4, 14, 0, tzinfo=UTC)
    assert newsroom.events(first)[-2:] == ["schedule_missed", "scheduled"]


async def test_hold_takes_it_off_the_calendar(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(catch_up=CatchUp.HOLD), at=DUE)
    newsroom.clock.set(DUE + timedelta(hours=2))

    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED
    assert newsroom.events(content)[-2:] == ["schedule_missed", "unscheduled"]


@pytest.mark.parametrize("rule", [CatchUp.NEXT_SLOT, CatchUp.HOLD], ids=["next_slot", "hold"])
async def test_a_minute_late_is_not_missed(newsroom: Newsroom, rule: CatchUp) -> None:
    content = newsroom.scheduled(newsroom.site(catch_up=rule), at=DUE)
    newsroom.clock.set(DUE + timedelta(seconds=59))

    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.told("schedule_missed") == []


def test_two_publishers_that_come_back_at_once_handle_it_once(newsroom: Newsroom) -> None:
    site = newsroom.site(catch_up=CatchUp.NEXT_SLOT)
    newsroom.scheduled(site, at=DUE)
    newsroom.clock.set(DUE + timedelta(hours=1))

    def come_back(_: int) -> list[Content]:
        return newsroom.run(catch_up.catch_up, site_id=site.id, account_id=site.account_id)

    with ThreadPoolExecutor(4) as publishers:
        handled = list(publishers.map(come_back, range(4)))

    assert sorted(map(len, handled)) == [0, 0, 0, 1]
    assert len(newsroom.told("schedule_missed")) == 1


def _two_missed(newsroom: Newsroom, **rules: Any) -> tuple[Content, Content]:
    """Content of two days, on the morning after; what was planned is within the limits."""
    site = newsroom.site(**rules)
    missed = (newsroom.scheduled(site, at=DUE), newsroom.scheduled(site, at=DUE + timedelta(days=1)))
    newsroom.clock.set(datetime(2026, 11, 4, 8, 0, tzinfo=UTC))
    return missed


def _twenty_missed(newsroom: Newsroom, **rules: Any) -> list[str]:
    """A publisher stops, and is back after half an hour in which ten fell due on each of two days; their ids, in order."""
    site = newsroom.site(**rules)
    midnight = GONE + timedelta(minutes=10)
    missed = [content for at in (GONE, midnight) for content in due(newsroom, [site], each=10, at=at)]
    newsroom.clock.set(BACK)
    return [content.id for content in missed]


async def _running_for(newsroom: Newsroom, target: FakeTarget, *, seconds: int) -> None:
    """A publisher that was just started runs, and is stopped; the clock moves on as soon as it has nothing to do."""
    scheduler = newsroom.scheduler(target=target)
    loop = asyncio.create_task(scheduler.run())
    for _ in range(seconds):
        await until(lambda: _is_idle(newsroom))
        newsroom.clock.advance(seconds=1)
        scheduler.wake()
    loop.cancel()
    await asyncio.wait([loop])


def _is_idle(newsroom: Newsroom) -> bool:
    """Nothing is due, and nothing on its way."""
    waiting = text(
        "SELECT 1 FROM content WHERE site_status = 'publishing'"
        " OR (site_status = 'scheduled' AND scheduled_publish_at <= :now)"
    )
    with newsroom.engine.connect() as connection:
        return connection.execute(waiting, {"now": newsroom.clock.now()}).first() is None


def _days(newsroom: Newsroom, ids: list[str]) -> Counter[date]:
    """How many of these have a place on which day."""
    return Counter(at.date() for at in _places(newsroom, ids).values())


def _places(newsroom: Newsroom, ids: list[str]) -> dict[str, datetime]:
    placed = text(
        "SELECT id::text AS id, calendar_at FROM content WHERE id = ANY(:ids) AND calendar_at IS NOT NULL"
    )
    with newsroom.engine.connect() as connection:
        rows = connection.execute(placed, {"ids": [UUID(id) for id in ids]})
        return {row.id: row.calendar_at for row in rows}

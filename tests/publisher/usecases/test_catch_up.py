"""What was missed while no publisher was there, by each rule of a site."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.publishing_settings import CatchUp
from services.publisher.usecases import catch_up
from tests.publisher.newsroom import Newsroom, published

DUE = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)


async def test_publish_now_publishes_at_once_and_tells(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(catch_up=CatchUp.PUBLISH_NOW), at=DUE)
    newsroom.clock.set(DUE + timedelta(minutes=30))

    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.events(content)[-2:] == ["schedule_missed", "published"]
    missed = newsroom.told("schedule_missed")[0]
    assert (missed["planned_at"], missed["catch_up"]) == ("2026-11-02T14:00:00Z", "publish_now")


async def test_twenty_missed_are_published_in_their_order(newsroom: Newsroom) -> None:
    site = newsroom.site()
    contents = [newsroom.scheduled(site, at=DUE + timedelta(seconds=number)) for number in range(20)]
    newsroom.clock.set(DUE + timedelta(minutes=30))
    scheduler = newsroom.scheduler()
    await published(scheduler)

    newsroom.clock.advance(seconds=25)
    await published(scheduler)

    assert {newsroom.read(content).site_status for content in contents} == {SiteStatus.PUBLISHED}
    assert [told["content_id"] for told in newsroom.told("schedule_missed")] == [each.id for each in contents]


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

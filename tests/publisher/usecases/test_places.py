"""Where content stands on the calendar: where it was booked, whatever becomes of it, and there the limits count it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chassis.refusal import StateConflict
from services.publisher.domain.cause import Cause
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.delivery import DeliveryRefused
from services.publisher.domain.publishing_settings import TimeZoneChange
from services.publisher.domain.site import Site
from services.publisher.usecases import calendar, editing
from services.publisher.usecases.calendar import CalendarRange
from tests.publisher.bookings import change_zone, faults, put_at
from tests.publisher.domain.builders import text
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import EDITOR, Newsroom, published

EVENING = datetime(2026, 12, 1, 23, 59, 50, tzinfo=UTC)
MORNING = datetime(2026, 12, 2, 9, 0, tzinfo=UTC)
TUESDAY, WEDNESDAY = date(2026, 12, 1), date(2026, 12, 2)


async def test_a_late_delivery_takes_nothing_of_the_next_day(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    late, other = newsroom.scheduled(site, at=EVENING), newsroom.scheduled(site, at=MORNING)
    newsroom.clock.set(datetime(2026, 12, 2, 0, 0, 1, tzinfo=UTC))
    await published(newsroom.scheduler())

    newsroom.clock.set(MORNING)
    await published(newsroom.scheduler())

    assert newsroom.read(late).published_at == datetime(2026, 12, 2, 0, 0, 1, tzinfo=UTC)
    assert _stand(newsroom, site) == {late.id: EVENING, other.id: MORNING}
    assert _shown(newsroom, site).counts.days == {TUESDAY: 1, WEDNESDAY: 1}
    assert faults(newsroom) == {}


async def test_a_late_delivery_takes_nothing_of_the_next_week(newsroom: Newsroom) -> None:
    site = newsroom.site(weekly_limit=1)
    sunday = datetime(2026, 12, 6, 23, 59, 50, tzinfo=UTC)
    newsroom.scheduled(site, at=sunday)
    newsroom.clock.set(sunday + timedelta(seconds=30))
    await published(newsroom.scheduler())

    newsroom.publish(newsroom.approved(site))
    with pytest.raises(StateConflict, match="1 of 1 publications a week"):
        newsroom.publish(newsroom.approved(site))

    assert faults(newsroom) == {}


async def test_what_failed_stays_where_it_was_planned_when_it_is_edited(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=EVENING)
    newsroom.clock.set(EVENING)
    await published(newsroom.scheduler(target=_refusing()))
    newsroom.clock.advance(days=3)

    _edit(newsroom, content)

    assert newsroom.read(content).site_status is SiteStatus.FAILED
    assert _stand(newsroom, site) == {content.id: EVENING}


async def test_what_failed_leaves_its_place_to_others(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    content = newsroom.scheduled(site, at=EVENING)
    newsroom.clock.set(EVENING)
    await published(newsroom.scheduler(target=_refusing()))

    other = newsroom.scheduled(site, at=EVENING)

    assert _stand(newsroom, site) == {content.id: EVENING, other.id: EVENING}
    assert faults(newsroom) == {}


async def test_what_is_published_at_once_stands_where_it_was_asked_for(newsroom: Newsroom) -> None:
    site = newsroom.site()
    asked_at = newsroom.clock.now()
    content = newsroom.publish(newsroom.approved(site))
    newsroom.clock.advance(hours=20)

    await published(newsroom.scheduler())

    assert newsroom.read(content).published_at == newsroom.clock.now()
    assert _stand(newsroom, site) == {content.id: asked_at}


async def test_publishing_at_once_gives_up_the_time_it_was_planned_for(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.publish(newsroom.scheduled(site, at=MORNING))

    await published(newsroom.scheduler())

    assert _stand(newsroom, site) == {content.id: newsroom.clock.now()}


async def test_publishing_again_moves_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=EVENING)
    newsroom.clock.set(EVENING)
    await published(newsroom.scheduler())
    newsroom.clock.advance(days=3)
    _edit(newsroom, content)

    newsroom.publish(content)
    await published(newsroom.scheduler())

    assert newsroom.read(content).published_version == 2
    assert _stand(newsroom, site) == {content.id: EVENING}


async def test_what_was_unpublished_has_no_place_and_takes_another(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=EVENING)
    newsroom.clock.set(EVENING)
    await published(newsroom.scheduler())
    newsroom.unpublish(content)
    await published(newsroom.scheduler())
    assert _stand(newsroom, site) == {}
    newsroom.clock.set(MORNING)

    newsroom.publish(content)

    assert _stand(newsroom, site) == {content.id: MORNING}


async def test_failed_content_that_is_published_again_takes_another_place(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=EVENING)
    newsroom.clock.set(EVENING)
    await published(newsroom.scheduler(target=_refusing()))
    newsroom.clock.set(MORNING)

    newsroom.publish(content)

    assert _stand(newsroom, site) == {content.id: MORNING}


def test_what_is_asked_for_in_one_instant_has_places_of_its_own_within_the_limits(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=2)
    first, second, third = (newsroom.approved(site) for _ in range(3))

    newsroom.publish(first)
    newsroom.publish(second)
    with pytest.raises(StateConflict, match="2 of 2 publications a day"):
        newsroom.publish(third)

    now = newsroom.clock.now()
    assert _stand(newsroom, site) == {first.id: now, second.id: now + timedelta(microseconds=1)}
    assert faults(newsroom) == {}


# What counts as a fault, and what does not


def test_a_limit_that_was_lowered_is_no_fault(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=2)
    for hours in range(2):
        newsroom.scheduled(site, at=MORNING + timedelta(hours=hours))

    newsroom.rules(site, daily_limit=1)
    newsroom.scheduled(site, at=MORNING + timedelta(days=1))

    assert faults(newsroom) == {}


def test_a_limit_that_came_later_is_no_fault(newsroom: Newsroom) -> None:
    site = newsroom.site()
    for hours in range(3):
        newsroom.scheduled(site, at=MORNING + timedelta(hours=hours))

    newsroom.rules(site, daily_limit=1)

    assert faults(newsroom) == {}


@pytest.mark.parametrize("change", TimeZoneChange)
def test_another_time_zone_is_no_fault(newsroom: Newsroom, change: TimeZoneChange) -> None:
    site = newsroom.site(daily_limit=1)
    for at in (MORNING, MORNING + timedelta(hours=15, minutes=30)):
        newsroom.scheduled(site, at=at)
    # Half past midnight of the next day is this day's evening in New York, where both are on one day.
    newsroom.rules(site, daily_limit=1, weekly_limit=1)

    change_zone(newsroom, site, "America/New_York", change)

    assert faults(newsroom) == {}


@pytest.mark.parametrize("limit", [{"daily_limit": 1}, {"weekly_limit": 1}, {"monthly_limit": 1}])
def test_more_than_a_limit_that_was_in_force_is_a_fault(newsroom: Newsroom, limit: dict[str, Any]) -> None:
    site = newsroom.site(**limit)
    newsroom.scheduled(site, at=MORNING)
    other = newsroom.scheduled(site, at=MORNING + timedelta(days=40))

    put_at(newsroom, other, MORNING + timedelta(hours=1))

    assert list(faults(newsroom)) == ["calendars_are_within_their_limits"]


def test_two_in_one_place_are_a_fault(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=MORNING)

    put_at(newsroom, newsroom.scheduled(site, at=EVENING), MORNING)

    assert list(faults(newsroom)) == ["no_slot_is_used_twice"]


def _shown(newsroom: Newsroom, site: Site) -> CalendarRange:
    now = newsroom.clock.now()
    return newsroom.run(
        calendar.get_calendar,
        site_id=site.id,
        account_id=site.account_id,
        start=now - timedelta(days=60),
        end=now + timedelta(days=60),
    )


def _stand(newsroom: Newsroom, site: Site) -> dict[str, datetime | None]:
    """The places on the site's calendar by content."""
    return {entry.content_id: entry.at for entry in _shown(newsroom, site).entries}


def _edit(newsroom: Newsroom, content: Content) -> None:
    newsroom.run(
        editing.put_text,
        content_id=content.id,
        account_id=content.account_id,
        text=text(title="Another title"),
        etag="",
        actor=EDITOR,
    )


def _refusing() -> FakeTarget:
    return FakeTarget([DeliveryRefused("It is too long. Make it shorter.", cause=Cause.CONTENT_REFUSED)])

"""The publisher loop: at the time, once, several at once, and after every kind of ending."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chassis.refusal import StateConflict
from chassis.testing import until
from services.publisher.domain.cause import Cause
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.delivery import (
    AnswerLost,
    DeliveryRefused,
    TargetUnavailable,
)
from services.publisher.domain.publication import PublicationState
from services.publisher.scheduler import DELIVERIES_MAX, POLL_SECONDS, Scheduler
from services.publisher.usecases import delivering
from services.publisher.usecases.delivering import ATTEMPTS_MAX, SITE_DELIVERIES_MAX
from tests.publisher.bookings import due
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import Newsroom, published

DUE = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)


async def test_due_content_is_published_where_its_page_is(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=DUE)
    newsroom.clock.set(DUE)

    await published(newsroom.scheduler())

    shown = newsroom.read(content)
    assert (shown.site_status, shown.published_at) == (SiteStatus.PUBLISHED, DUE)
    assert shown.external_id == content.id
    assert shown.external_url == f"/published/{site.slug}/{content.slug}"
    assert newsroom.told("published")[0]["external_url"] == shown.external_url


async def test_content_is_not_published_before_its_time(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(), at=DUE)
    newsroom.clock.set(DUE - timedelta(microseconds=1))

    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.SCHEDULED


async def test_it_looks_again_exactly_at_the_next_time(newsroom: Newsroom) -> None:
    newsroom.scheduled(newsroom.site(), at=DUE)
    newsroom.clock.set(DUE - timedelta(milliseconds=300))

    assert await newsroom.scheduler().take_up() == pytest.approx(0.3)


async def test_with_nothing_due_it_looks_once_a_second(newsroom: Newsroom) -> None:
    newsroom.scheduled(newsroom.site(), at=DUE)

    assert await newsroom.scheduler().take_up() == POLL_SECONDS


async def test_publishing_at_once_needs_no_time(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    asked = newsroom.publication(content)
    await published(newsroom.scheduler())

    assert content.site_status is SiteStatus.PUBLISHING
    assert asked is not None
    assert (asked.state, asked.attempts) == (PublicationState.PENDING, 0)
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_publishing_twice_delivers_once(newsroom: Newsroom) -> None:
    content = newsroom.approved(newsroom.site())
    target = FakeTarget()
    newsroom.publish(content)
    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    again = newsroom.publish(content)

    assert again.site_status is SiteStatus.PUBLISHED
    assert len(target.seen) == 1
    assert newsroom.events(content).count("published") == 1


async def test_publishing_at_once_takes_scheduled_content_from_its_time(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.scheduled(newsroom.site(daily_limit=1), at=DUE + timedelta(days=1)))
    await published(newsroom.scheduler())

    assert newsroom.read(content).published_at == newsroom.clock.now()
    assert newsroom.read(content).scheduled_publish_at is None


def test_publishing_at_once_keeps_the_limits(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    newsroom.scheduled(site, at=DUE)

    with pytest.raises(StateConflict, match="1 of 1 publications a day"):
        newsroom.publish(newsroom.approved(site))


def test_a_draft_cannot_be_published(newsroom: Newsroom) -> None:
    with pytest.raises(StateConflict, match="Submit it for review first"):
        newsroom.publish(newsroom.draft(newsroom.site()))


async def test_two_publishers_deliver_each_content_once(newsroom: Newsroom) -> None:
    site = newsroom.site()
    contents = [newsroom.scheduled(site, at=DUE + timedelta(seconds=number)) for number in range(20)]
    newsroom.clock.set(DUE + timedelta(seconds=30))
    target = FakeTarget()

    await asyncio.gather(*(published(newsroom.scheduler(target=target)) for _ in range(3)))

    assert sorted(delivery.content.id for delivery in target.seen) == sorted(each.id for each in contents)
    assert newsroom.events().count("published") == 20


async def test_no_more_are_on_their_way_at_once_than_there_are_places(newsroom: Newsroom) -> None:
    sites = [newsroom.site() for _ in range(DELIVERIES_MAX // SITE_DELIVERIES_MAX + 1)]
    due(newsroom, sites, each=SITE_DELIVERIES_MAX, at=DUE)
    newsroom.clock.set(DUE + timedelta(seconds=1))
    target = FakeTarget()
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)

    await _take_up_all(scheduler)
    await until(lambda: len(target.seen) == DELIVERIES_MAX)
    target.open.set()
    await scheduler.settled()
    await published(scheduler)

    assert len(target.seen) == DELIVERIES_MAX + SITE_DELIVERIES_MAX


async def test_of_one_site_no_more_are_on_their_way_than_it_has_places(newsroom: Newsroom) -> None:
    contents = due(newsroom, [newsroom.site()], each=SITE_DELIVERIES_MAX + 2, at=DUE)
    asked = newsroom.publish(newsroom.approved(newsroom.site()))
    newsroom.clock.set(DUE + timedelta(seconds=1))
    target = FakeTarget()
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)

    await _take_up_all(scheduler)
    await until(lambda: len(target.seen) == SITE_DELIVERIES_MAX + 1)
    first = {delivery.content.id for delivery in target.seen}
    target.open.set()
    await scheduler.settled()
    await published(scheduler)

    assert first == {asked.id, *(content.id for content in contents[:SITE_DELIVERIES_MAX])}
    assert len(target.seen) == len(contents) + 1


async def test_what_was_asked_for_of_one_site_leaves_places_to_the_others(newsroom: Newsroom) -> None:
    site = newsroom.site()
    asked = [newsroom.publish(newsroom.approved(site)) for _ in range(SITE_DELIVERIES_MAX + 1)]
    other = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget()
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)

    await _take_up_all(scheduler)
    await until(lambda: len(target.seen) == SITE_DELIVERIES_MAX + 1)
    first = {delivery.content.id for delivery in target.seen}
    target.open.set()
    await scheduler.settled()

    assert first == {other.id, *(content.id for content in asked[:SITE_DELIVERIES_MAX])}


async def test_of_a_hundred_due_at_once_95_percent_start_within_5_seconds_beside_a_slow_target(
    newsroom: Newsroom,
) -> None:
    slow, others = newsroom.site(), [newsroom.site() for _ in range(20)]
    due(newsroom, [slow], each=50, at=DUE - timedelta(seconds=2))
    contents = due(newsroom, others, each=5, at=DUE)
    newsroom.clock.set(DUE - timedelta(seconds=1))
    target = FakeTarget()
    # No target answers at all: not one place becomes free while they are taken up.
    target.open.clear()
    scheduler = newsroom.scheduler(target=target)
    started: dict[str, datetime] = {}

    while newsroom.clock.now() < DUE + timedelta(seconds=10):
        pause = await scheduler.take_up()
        started |= dict.fromkeys(_on_their_way(newsroom) - started.keys(), newsroom.clock.now())
        newsroom.clock.advance(seconds=pause)
    target.open.set()
    await scheduler.settled()

    delays = sorted((started[each.id] - DUE).total_seconds() for each in contents if each.id in started)
    assert len(delays) == len(contents)
    assert delays[94] <= 5
    assert len(started) == len(contents) + SITE_DELIVERIES_MAX


async def test_what_a_dead_publisher_left_is_finished_by_another(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(), at=DUE)
    newsroom.clock.set(DUE)
    newsroom.claim()

    await published(newsroom.scheduler())
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHING
    newsroom.end_claims()
    await published(newsroom.scheduler())

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.events(content).count("published") == 1


async def test_an_answer_after_another_took_over_changes_nothing(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    [slow] = newsroom.claim()
    newsroom.end_claims()
    await published(newsroom.scheduler())

    late = newsroom.run(delivering.fail_delivery, delivery=slow, error="too slow")

    assert late is None
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_a_refusal_by_the_target_is_final_and_says_why(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget(
        [
            DeliveryRefused(
                "The user may not write. Give it the role of an author.", cause=Cause.CONTENT_REFUSED
            )
        ]
    )

    await published(newsroom.scheduler(target=target))

    failed = newsroom.read(content)
    assert failed.site_status is SiteStatus.FAILED
    assert failed.publish_error == "The user may not write. Give it the role of an author."
    assert newsroom.told("publish_failed")[0]["error"] == failed.publish_error


async def test_failed_content_can_be_published_again(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget([DeliveryRefused("No.", cause=Cause.CONTENT_REFUSED)])
    await published(newsroom.scheduler(target=target))
    first = newsroom.publication(content)

    newsroom.publish(content)
    await published(newsroom.scheduler(target=target))

    again = newsroom.publication(content)
    assert first is not None
    assert again is not None
    assert (again.id, again.marker, again.state) == (first.id, first.marker, PublicationState.PUBLISHED)
    assert newsroom.read(content).publish_error == ""


async def test_a_target_that_is_away_is_tried_again_later(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget([TargetUnavailable("The site is down for maintenance.", cause=Cause.MAINTENANCE)])
    scheduler = newsroom.scheduler(target=target)
    await published(scheduler)
    waiting = newsroom.read(content).site_status

    newsroom.end_claims()
    await published(scheduler)

    assert waiting is SiteStatus.PUBLISHING
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert [delivery.publication.attempts for delivery in target.seen] == [1, 2]


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: TargetUnavailable("It is down.", cause=Cause.MAINTENANCE),
        lambda: RuntimeError("a fault of ours"),
    ],
)
async def test_after_the_last_attempt_it_has_failed(
    newsroom: Newsroom, trouble: Callable[[], Exception]
) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget([trouble() for _ in range(ATTEMPTS_MAX + 1)])
    scheduler = newsroom.scheduler(target=target)

    for _ in range(ATTEMPTS_MAX + 1):
        newsroom.end_claims()
        await published(scheduler)

    assert newsroom.read(content).site_status is SiteStatus.FAILED
    assert len(target.seen) == ATTEMPTS_MAX


async def test_a_lost_answer_is_unconfirmed_until_the_target_was_asked(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget(
        [
            AnswerLost("The connection broke.", cause=Cause.UNREACHABLE),
            AnswerLost("It broke again.", cause=Cause.UNREACHABLE),
        ]
    )
    scheduler = newsroom.scheduler(target=target)
    await published(scheduler)
    first = newsroom.read(content)

    newsroom.end_claims()
    await published(scheduler)
    newsroom.end_claims()
    await published(scheduler)

    assert (first.site_status, first.publish_error) == (SiteStatus.UNCONFIRMED, "The connection broke.")
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED
    assert newsroom.events(content)[-2:] == ["publish_unconfirmed", "published"]
    assert len({delivery.publication.marker for delivery in target.seen}) == 1


async def test_what_may_be_there_never_becomes_failed_because_its_target_is_away(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    away = [TargetUnavailable("It is down.", cause=Cause.MAINTENANCE) for _ in range(ATTEMPTS_MAX)]
    target = FakeTarget(
        [AnswerLost("The connection broke.", cause=Cause.UNREACHABLE), *away, RuntimeError("a fault of ours")]
    )
    scheduler = newsroom.scheduler(target=target)

    for _ in range(ATTEMPTS_MAX + 2):
        newsroom.end_claims()
        await published(scheduler)
    before = newsroom.read(content).site_status
    newsroom.end_claims()
    await published(scheduler)

    assert before is SiteStatus.UNCONFIRMED
    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def test_the_loop_publishes_when_it_is_woken(newsroom: Newsroom) -> None:
    scheduler = newsroom.scheduler()
    loop = asyncio.create_task(scheduler.run())
    content = newsroom.publish(newsroom.approved(newsroom.site()))

    scheduler.wake()
    await until(lambda: newsroom.read(content).site_status is SiteStatus.PUBLISHED)
    loop.cancel()

    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_the_end_of_the_loop_lets_a_delivery_end(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    target = FakeTarget()
    target.open.clear()
    loop = asyncio.create_task(newsroom.scheduler(target=target).run())
    await until(lambda: target.seen)

    loop.cancel()
    target.open.set()
    await asyncio.wait([loop])

    assert newsroom.read(content).site_status is SiteStatus.PUBLISHED


async def _take_up_all(scheduler: Scheduler) -> None:
    """Until there is nothing to take up, or no place."""
    while await scheduler.take_up() == 0:
        pass


def _on_their_way(newsroom: Newsroom) -> set[str]:
    """Ids of what is being published."""
    with newsroom.engine.connect() as connection:
        return set(
            connection.execute(
                text("SELECT id::text FROM content WHERE site_status = 'publishing'")
            ).scalars()
        )

"""The consumer on the real NATS and PostgreSQL: every event is told once, in its account's order."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from igny8.ai import v1 as ai
from igny8.publisher import v1 as publisher
from nats.js.errors import NotFoundError
from sqlalchemy import select

from chassis.consuming import Patience
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.streams import EVENTS_STREAM
from chassis.tables import dead_letter
from chassis.testing import send, until
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from services.notifications.consumers import NAME, events_consumer
from tests.kit.tasks import cancelled_at_the_end
from tests.notifications.builders import (
    RUN_ID,
    after,
    content_event,
    credits_granted,
    every_event,
    run_event,
    task_completed,
    task_failed,
)
from tests.notifications.feed import Feed

IMPATIENT = Patience(attempts_max=2, backoff_seconds=(0.05,), ack_wait_seconds=1.0, drain_seconds=1.0)


@pytest.fixture
async def consuming(feed: Feed, bus: Bus) -> AsyncIterator[None]:
    """The consumer at work."""
    async with contextlib.AsyncExitStack() as stack:
        work = events_consumer(feed.clock, patience=IMPATIENT).run(bus, feed.transactions)
        await stack.enter_async_context(cancelled_at_the_end(work))
        yield


async def test_every_event_is_told(consuming: None, feed: Feed, bus: Bus) -> None:
    events = every_event()

    for event in events:
        await send(bus, event, account_id=ACCOUNT_ID)

    await until(lambda: _all_handled(bus, len(events)))
    assert len(feed.newest()) == len(events)
    assert feed.unread() == len(events)


async def test_an_event_delivered_twice_is_told_once(consuming: None, feed: Feed, bus: Bus) -> None:
    event_id = new_id()
    await send(bus, task_completed(run_id=RUN_ID), account_id=ACCOUNT_ID, event_id=event_id)
    await until(lambda: _all_handled(bus, 1))
    # A stream made anew has forgotten the id and takes the event again.
    await bus.jetstream.delete_stream(EVENTS_STREAM)
    await until(lambda: _exists(bus))
    await send(bus, task_completed(run_id=RUN_ID), account_id=ACCOUNT_ID, event_id=event_id)
    await send(bus, credits_granted(), account_id=ACCOUNT_ID)

    await until(lambda: len(feed.newest()) == 2)

    assert [row.count for row in feed.newest()] == [1, 1]
    assert len(feed.recorded()) == 2


async def test_everything_redelivered_changes_nothing(consuming: None, feed: Feed, bus: Bus) -> None:
    for minute in range(3):
        event = task_completed(run_id=RUN_ID, at=after(minutes=minute))
        await send(bus, event, account_id=ACCOUNT_ID)
    await until(lambda: _all_handled(bus, 3))
    before = feed.newest()
    # A durable made anew is given every message again.
    await bus.jetstream.delete_consumer(EVENTS_STREAM, NAME)
    await send(bus, credits_granted(), account_id=OTHER_ACCOUNT_ID)

    await until(lambda: _all_handled(bus, 4))

    assert feed.newest() == before
    assert feed.unread() == 1


async def test_events_of_a_run_are_one_row_that_counts(consuming: None, feed: Feed, bus: Bus) -> None:
    for minute in range(30):
        await send(
            bus,
            task_completed(run_id=RUN_ID, outputs=2, items_done=2, credits_used=10, at=after(minutes=minute)),
            account_id=ACCOUNT_ID,
        )

    await until(lambda: _all_handled(bus, 30))

    [row] = feed.newest()
    assert row.count == 30
    assert row.metadata == {"images_created": 60, "credits_used": 300, "tasks_processed": 60}
    assert row.title == "60 images made"
    assert feed.unread() == 1


async def test_events_of_an_account_are_told_in_their_order(consuming: None, feed: Feed, bus: Bus) -> None:
    for number in range(20):
        event = content_event(publisher.ContentApproved, title=f"Article {number}", run_id=RUN_ID)
        await send(bus, event, account_id=ACCOUNT_ID)
        await send(bus, task_failed(), account_id=OTHER_ACCOUNT_ID)

    await until(lambda: _all_handled(bus, 40))

    told = [each.payload["notification"] for each in feed.recorded() if each.account_id == ACCOUNT_ID]
    assert [each["metadata"]["title"] for each in told] == [f"Article {number}" for number in range(20)]
    assert [each["count"] for each in told] == list(range(1, 21))


async def test_an_account_is_told_nothing_of_another(consuming: None, feed: Feed, bus: Bus) -> None:
    await send(bus, task_completed(run_id=RUN_ID), account_id=ACCOUNT_ID)
    await send(bus, task_completed(run_id=RUN_ID), account_id=OTHER_ACCOUNT_ID)

    await until(lambda: _all_handled(bus, 2))

    assert [row.count for row in feed.newest()] == [1]
    assert [row.count for row in feed.newest(account_id=OTHER_ACCOUNT_ID)] == [1]


async def test_events_that_nobody_is_told_of_are_not_even_fetched(feed: Feed, bus: Bus) -> None:
    quiet = [run_event(ai.RunProgressed), run_event(ai.RunPausing), content_event(publisher.ContentCreated)]
    for event in quiet:
        await send(bus, event, account_id=ACCOUNT_ID)
    work = events_consumer(feed.clock).run(bus, feed.transactions)

    async with cancelled_at_the_end(work):
        await send(bus, credits_granted(), account_id=ACCOUNT_ID)
        await until(feed.newest)

    info = await bus.jetstream.consumer_info(EVENTS_STREAM, NAME)
    assert info.delivered is not None
    assert info.delivered.consumer_seq == 1


async def test_what_cannot_be_told_is_kept_as_a_dead_letter_and_holds_up_nobody(
    consuming: None, feed: Feed, bus: Bus
) -> None:
    strange: Any = task_completed()
    strange.task.function_name = "generate_videos"
    await send(bus, strange, account_id=ACCOUNT_ID)
    await send(bus, credits_granted(), account_id=ACCOUNT_ID)

    letters = await until(lambda: _dead_letters(feed))

    assert letters == ["ValueError: 'generate_videos' is not a valid AiFunction"]
    assert [row.notification_type for row in feed.newest()] == ["credits_added"]


async def _all_handled(bus: Bus, count: int) -> bool:
    """Whether the durable, as it is now, has been given so many events and every one was answered."""
    try:
        info = await bus.jetstream.consumer_info(EVENTS_STREAM, NAME)
    except NotFoundError:
        return False
    delivered = info.delivered.consumer_seq if info.delivered else 0
    return bool(delivered >= count and info.num_ack_pending == 0 and info.num_pending == 0)


async def _exists(bus: Bus) -> bool:
    return any(info.config.name == EVENTS_STREAM for info in await bus.jetstream.streams_info())


def _dead_letters(feed: Feed) -> list[str]:
    with feed.transactions.engine.connect() as connection:
        return list(connection.execute(select(dead_letter.c.reason)).scalars())

"""The streams: made at start, made again when gone, brought to our configuration when they differ."""

import asyncio

import pytest
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import APIError

from chassis.nats import Bus
from chassis.streams import (
    EVENTS_STREAM,
    JOBS_STREAM,
    StreamLimits,
    ensure_streams,
    stream_configs,
    stream_info,
)

FULL = "igny8.jobs.v1.a.run_item"


@pytest.fixture
async def no_streams(bus: Bus) -> Bus:
    for stream in (EVENTS_STREAM, JOBS_STREAM):
        await bus.jetstream.delete_stream(stream)
    return bus


async def test_both_streams_are_made(no_streams: Bus) -> None:
    await ensure_streams(no_streams.jetstream)

    events = (await no_streams.jetstream.stream_info(EVENTS_STREAM)).config
    jobs = (await no_streams.jetstream.stream_info(JOBS_STREAM)).config
    assert events.subjects == ["igny8.v1.>"]
    assert (events.retention, events.discard) == (RetentionPolicy.LIMITS, DiscardPolicy.OLD)
    assert events.max_age == 14 * 86_400
    assert jobs.subjects == ["igny8.jobs.v1.>"]
    assert (jobs.retention, jobs.discard) == (RetentionPolicy.WORK_QUEUE, DiscardPolicy.NEW)
    assert jobs.duplicate_window == 600


async def test_services_that_start_at_once_do_not_disturb_each_other(no_streams: Bus) -> None:
    await asyncio.gather(*(ensure_streams(no_streams.jetstream) for _ in range(4)))

    assert await stream_info(no_streams.jetstream, EVENTS_STREAM) is not None


async def test_streams_that_are_right_are_left_alone(bus: Bus) -> None:
    before = await bus.jetstream.stream_info(EVENTS_STREAM)

    await ensure_streams(bus.jetstream)

    assert (await bus.jetstream.stream_info(EVENTS_STREAM)).created == before.created


async def test_a_changed_limit_is_brought_back_without_losing_messages(bus: Bus) -> None:
    await bus.jetstream.publish("igny8.v1.credits.a.granted", b"{}")
    [events, _] = stream_configs(StreamLimits())
    await bus.jetstream.update_stream(StreamConfig(**(vars(events) | {"max_age": 3600})))

    await ensure_streams(bus.jetstream)

    info = await bus.jetstream.stream_info(EVENTS_STREAM)
    assert info.config.max_age == 14 * 86_400
    assert info.state.messages == 1


async def test_a_full_work_queue_refuses_new_jobs_and_keeps_the_old(no_streams: Bus) -> None:
    await ensure_streams(no_streams.jetstream, StreamLimits(jobs_bytes_max=10_000))
    await no_streams.jetstream.publish(FULL, b"x" * 6_000)

    with pytest.raises(APIError):
        await no_streams.jetstream.publish(FULL, b"x" * 6_000)

    assert (await no_streams.jetstream.stream_info(JOBS_STREAM)).state.messages == 1


async def test_a_stream_that_is_gone_has_no_state(no_streams: Bus) -> None:
    assert await stream_info(no_streams.jetstream, EVENTS_STREAM) is None

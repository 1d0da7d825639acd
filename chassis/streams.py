"""The two JetStream streams of the suite: what happened, and what is to be done."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import BadRequestError, NotFoundError, ServerError

EVENTS_STREAM: Final = "IGNY8_EVENTS"
JOBS_STREAM: Final = "IGNY8_JOBS"

EVENTS_AGE_SECONDS_MAX: Final = 14 * 86_400
"""Events older than this leave the stream; the outbox keeps them longer, so that it can rebuild the stream."""

DUPLICATE_WINDOW_SECONDS: Final = 600
"""A message id seen within this time is acknowledged and not stored again."""


STORE_NOT_CREATED: Final = 10049
"""The server's word while it clears away the files of a stream of that name that was just deleted, and for a full disk."""

CLEARING_SECONDS: Final = 0.2
CLEARING_LOOKS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Sizes in bytes, and how many copies the NATS cluster keeps."""

    events_bytes_max: int = 4 * 1024**3
    jobs_bytes_max: int = 1024**3
    replicas: int = 1


def stream_configs(limits: StreamLimits) -> list[StreamConfig]:
    """The configuration of both streams."""
    return [
        StreamConfig(
            name=EVENTS_STREAM,
            description="What happened: facts of every service, in order per account",
            subjects=["igny8.v1.>"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=EVENTS_AGE_SECONDS_MAX,
            max_bytes=limits.events_bytes_max,
            max_msg_size=256 * 1024,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            num_replicas=limits.replicas,
        ),
        StreamConfig(
            name=JOBS_STREAM,
            description="What is to be done: each job goes to one worker",
            subjects=["igny8.jobs.v1.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            # With the other policy a full work queue silently drops jobs nobody has done.
            discard=DiscardPolicy.NEW,
            storage=StorageType.FILE,
            max_bytes=limits.jobs_bytes_max,
            max_msg_size=64 * 1024,
            duplicate_window=DUPLICATE_WINDOW_SECONDS,
            num_replicas=limits.replicas,
        ),
    ]


async def ensure_streams(jetstream: JetStreamContext, limits: StreamLimits | None = None) -> None:
    """Makes the streams that are missing and brings the others to our configuration.

    Raises nats.js.errors.APIError when the server refuses, for example for want of storage.
    """
    for config in stream_configs(limits or StreamLimits()):
        await _ensure(jetstream, config)


async def stream_info(jetstream: JetStreamContext, stream: str) -> StreamInfo | None:
    """The state of a stream; None when it is gone."""
    try:
        return await jetstream.stream_info(stream)
    except NotFoundError:
        return None


async def _ensure(jetstream: JetStreamContext, config: StreamConfig) -> None:
    assert config.name is not None
    found = await stream_info(jetstream, config.name)
    if found is None:
        try:
            await _add(jetstream, config)
        except BadRequestError:
            # Another service was faster, unless the server refuses the configuration itself.
            await jetstream.update_stream(config)
    elif _differs(found.config, config):
        await jetstream.update_stream(config)


async def _add(jetstream: JetStreamContext, config: StreamConfig) -> None:
    for _ in range(CLEARING_LOOKS):
        try:
            await jetstream.add_stream(config)
        except ServerError as error:
            if error.err_code != STORE_NOT_CREATED:
                raise
            await asyncio.sleep(CLEARING_SECONDS)
        else:
            return
    await jetstream.add_stream(config)


_COMPARED: Final[tuple[Callable[[StreamConfig], object], ...]] = (
    lambda config: config.subjects,
    lambda config: config.max_age,
    lambda config: config.max_bytes,
    lambda config: config.max_msg_size,
    lambda config: config.duplicate_window,
    lambda config: config.num_replicas,
    lambda config: config.discard,
)


def _differs(found: StreamConfig, wanted: StreamConfig) -> bool:
    return any(value(found) != value(wanted) for value in _COMPARED)

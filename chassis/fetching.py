"""The loop that pulls messages of a durable consumer, and makes the durable again when it or its stream is gone."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import ConsumerConfig
from nats.js.errors import NotFoundError

from chassis.nats import Bus

PULL_SECONDS: Final = 5.0
"""How long one pull stays open: so long at most would a message wait that the server did not hand to an open pull."""

HEARTBEAT_SECONDS: Final = 2.0
SILENCE_SECONDS_MAX: Final = 5.0
"""A server that has said nothing for so long has forgotten the pull, for example because it was restarted."""

_HEARTBEAT: Final = "100"
_OVER: Final = ("404", "408")

_log = logging.getLogger(__name__)


class Gone(Exception):
    """The consumer or its stream does not exist now."""


class Fetching:
    """Pulls for one durable. Messages are handed on one by one as they come, not when a batch is full."""

    def __init__(
        self,
        bus: Bus,
        *,
        stream: str,
        config: ConsumerConfig,
        randomness: random.Random,
        silence_seconds_max: float = SILENCE_SECONDS_MAX,
    ) -> None:
        assert config.durable_name, "only durable consumers survive a restart"
        self._bus = bus
        self._stream = stream
        self._config = config
        self._durable = config.durable_name
        self._randomness = randomness
        self._silence_seconds_max = silence_seconds_max
        self._subscription: Subscription | None = None

    async def run(self, free_slots: Callable[[], Awaitable[int]], take: Callable[[Msg], None]) -> None:
        """Until cancelled: waits for free slots (at least one), and takes at most about so many messages."""
        try:
            while True:
                try:
                    subscription = self._subscription or await self._bind()
                    await self._pull(subscription, await free_slots(), take)
                except (nats.errors.Error, Gone, TimeoutError, OSError) as error:
                    _log.warning(
                        "Consumer %s: %s; it is looked for again.", self._durable, error or type(error)
                    )
                    # Without the wait this would be a hot loop: a missing consumer is reported at once.
                    await asyncio.sleep(0.2 + self._randomness.random())
                    await self._unbind()
        finally:
            await self._unbind()

    async def _bind(self) -> Subscription:
        """Makes what is missing: the stream, the durable, our inbox."""
        await self._bus.ensure_streams()
        await self._bus.jetstream.add_consumer(self._stream, self._config)
        self._subscription = await self._bus.client.subscribe(self._bus.client.new_inbox())
        return self._subscription

    async def _unbind(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None and not self._bus.client.is_closed:
            try:
                await subscription.unsubscribe()
            except (nats.errors.Error, OSError) as error:
                _log.info("Consumer %s: the inbox was already gone: %s", self._durable, error)

    async def _pull(self, subscription: Subscription, count: int, take: Callable[[Msg], None]) -> None:
        """One pull request, until it is served, over, or forgotten."""
        request = {
            "batch": count,
            "expires": round(PULL_SECONDS * 1e9),
            "idle_heartbeat": round(HEARTBEAT_SECONDS * 1e9),
        }
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._durable}",
            json.dumps(request).encode(),
            reply=subscription.subject,
        )
        until = time.monotonic() + PULL_SECONDS + 1.0
        while count > 0 and time.monotonic() < until:
            try:
                message = await subscription.next_msg(timeout=self._silence_seconds_max)
            except nats.errors.TimeoutError:
                await self._check_it_exists()
                return
            status = (message.headers or {}).get("Status") if not message.data else None
            if status is None:
                count -= 1
                take(message)
            elif status in _OVER:
                return
            elif status != _HEARTBEAT:
                # 409: deleted, or the server goes down; 503: nobody there to ask.
                raise Gone((message.headers or {}).get("Description") or f"status {status}")

    async def _check_it_exists(self) -> None:
        try:
            await self._bus.jetstream.consumer_info(self._stream, self._durable)
        except NotFoundError as error:
            raise Gone("the consumer does not exist") from error

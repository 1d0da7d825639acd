"""One delivery of a message by JetStream: what it says about itself, and the answers a consumer can give."""

import asyncio
import contextlib
import uuid

import nats.errors
from nats.aio.msg import Msg

from chassis.ids import is_id


class Delivery:
    """A message as it came, maybe not for the first time."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        metadata = message.metadata
        self.headers: dict[str, str] = dict(message.headers or {})
        self.subject = message.subject
        self.payload = message.data
        self.stream = metadata.stream
        self.stream_seq = metadata.sequence.stream
        self.deliveries = metadata.num_delivered
        """1 for the first delivery."""
        self.attempt = self.deliveries
        """As `deliveries`, without those after which a handler put its job off."""
        self.answered = False
        self.wanted_again_seconds: float | None = None
        """When its handler wants it again; None unless it has put it off."""

    @property
    def event_id(self) -> str:
        """The id by which the outbox knows the message; one made from its place in the stream if it says none."""
        said = self.headers.get("Nats-Msg-Id", "")
        return (
            said if is_id(said) else str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.stream}/{self.stream_seq}"))
        )

    @property
    def type_name(self) -> str:
        """The full name of the proto message, for example `igny8.billing.v1.CreditsCaptured`."""
        return self.headers.get("ce-type", "")

    @property
    def account_id(self) -> str:
        """The account the message is about."""
        tokens = self.subject.split(".")
        return tokens[3] if len(tokens) >= 5 else ""

    async def ack(self) -> None:
        """It is done. Nobody waits for the server's word: where this is lost, a redelivery finds it done."""
        self.answered = True
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            await self._message.ack()

    def put_off(self, *, delay_seconds: float) -> None:
        """A handler of jobs says that it wants it again after so long; this attempt is none. Answered once it returns."""
        self.wanted_again_seconds = delay_seconds

    async def nak(self, *, delay_seconds: float) -> None:
        """Not now: deliver it again after so long. Never without a delay, which would burn every attempt at once."""
        self.answered = True
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            await self._message.nak(delay=delay_seconds)

    async def term(self) -> None:
        """Never again."""
        self.answered = True
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            await self._message.term()

    async def in_progress(self) -> None:
        """Still at work: the time for the answer begins anew."""
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            await self._message.in_progress()

    async def keep_in_progress(self, *, every_seconds: float) -> None:
        """Says so again and again, until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.in_progress()

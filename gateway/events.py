"""GET /api/v1/events: the account's events as server-sent events, resumable without loss or repeat."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import nats.errors
import orjson
from google.protobuf.descriptor import FileDescriptor
from igny8.options.v1 import options_pb2
from nats.js.errors import Error as JetStreamError
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.refusal import FieldFault, Refusal, RequestInvalid, ServiceUnavailable, Unauthenticated
from gateway.access import Access
from gateway.feed import Event, Feed, Subscriber
from gateway.refusals import NotAcceptable

PATH = "/api/v1/events"
POLL_PATH = "/api/v1/events/poll"
POLL_EVENTS_MAX = 500
PING_SECONDS = 15
SEND_SECONDS_MAX = 5
CHECK_SECONDS = 4.0
"""How often the caller's right to listen is looked at again, so that a revoked key's stream ends within 5 seconds."""

LIFETIME_SECONDS = (1500, 1800)
"""A stream ends after a time between these, so that clients spread over gateways as those come and go."""

RETRY_MILLISECONDS = (1000, 3000)

_log = logging.getLogger(__name__)
_random = random.SystemRandom()


class Events:
    """Answers requests for event streams."""

    def __init__(self, feed: Feed, access: Access, domains: frozenset[str]) -> None:
        self._feed = feed
        self._access = access
        self.domains = domains

    async def answer(self, query: bytes, headers: dict[str, str]) -> Response:
        """An open stream. Raises Unauthenticated, RequestInvalid for an unknown type, TooManyStreams."""
        _check_accept(headers.get("accept", ""))
        authorization = headers.get("authorization", "")
        caller = await self._access.caller(authorization)
        domains, _ = self._wanted(query, "types")
        subscriber = self._feed.join(caller.account(), caller.actor)
        frames = self._frames(subscriber, domains, headers.get("last-event-id", ""), authorization)
        return _Stream(
            frames,
            self._feed,
            subscriber,
        )

    async def poll(self, query: bytes, headers: dict[str, str]) -> Response:
        """The account's events after a place, at most 500, and the place to ask from next.

        Without a place nothing but the one to begin at is answered. Raises as `answer` does, and ServiceUnavailable.
        """
        account_id = (await self._access.caller(headers.get("authorization", ""))).account()
        domains, after = self._wanted(query, "types", "after")
        if not self._feed.is_live:
            raise ServiceUnavailable("events")
        # What the feed has had is in the stream before it is read below: nothing up to here can be missed.
        position = self._feed.position
        if not after:
            return _polled([], self._feed.id_of(position))
        found: list[Event] = []
        try:
            async with contextlib.aclosing(self._feed.since(account_id, after)) as missed:
                async for event in missed:
                    if event.domain in domains:
                        found.append(event)
                    if len(found) == POLL_EVENTS_MAX:
                        return _polled(found, event.id)
                    position = max(position, event.sequence)
        except LookupError:
            return _polled([], self._feed.id_of(self._feed.position), reset=True)
        except (nats.errors.Error, JetStreamError, TimeoutError):
            raise ServiceUnavailable("events") from None
        # A place the feed has not come to yet is never gone back from.
        return _polled(found, self._feed.id_of(max(position, int(after.rpartition(".")[2]))))

    def _wanted(self, query: bytes, *known: str) -> tuple[frozenset[str], str]:
        """The domains asked for, and the place to go on from."""
        parameters = _parameters(query)
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise RequestInvalid(*(FieldFault(name[:100], "is not a parameter here") for name in unknown))
        words = {word for text in parameters.get("types", []) for word in text.split(",") if word}
        if words - self.domains:
            raise RequestInvalid(FieldFault("types", f"must be of: {', '.join(sorted(self.domains))}"))
        return frozenset(words) or self.domains, parameters.get("after", [""])[0]

    async def _frames(
        self, subscriber: Subscriber, domains: frozenset[str], last_id: str, authorization: str
    ) -> AsyncIterator[bytes]:
        """Opening, what was missed, then live events until the stream ends, each with its place in the stream."""
        position = subscriber.start
        if last_id:
            try:
                async for event in self._feed.since(subscriber.account_id, last_id):
                    position = max(position, event.sequence)
                    if event.domain in domains:
                        yield event.frame
            except LookupError:
                yield _reset(self._feed.id_of(position))
            except (nats.errors.Error, JetStreamError, TimeoutError) as error:
                _log.warning("missed events cannot be read: %s", type(error).__name__)
                yield _retry()
                return
        yield _opening(self._feed.id_of(position))
        async for event in self._live(subscriber, position, authorization):
            if event.domain in domains:
                yield event.frame
        if subscriber.was_reset:
            yield _reset(self._feed.id_of(self._feed.position))
        yield _retry()

    async def _live(self, subscriber: Subscriber, position: int, authorization: str) -> AsyncIterator[Event]:
        now = asyncio.get_running_loop().time
        until = now() + _random.uniform(*LIFETIME_SECONDS)
        check_at = now() + CHECK_SECONDS
        while now() < until:
            event: Event | None = None
            waiting = False
            try:
                async with asyncio.timeout_at(min(check_at, until)):
                    event = await subscriber.events.get()
            except TimeoutError:
                waiting = True
            if now() >= check_at:
                if not await self._may_still(authorization):
                    return
                check_at = now() + CHECK_SECONDS
            if waiting:
                continue
            if event is None:
                return
            # What was replayed may have come in live too.
            if event.sequence > position:
                yield event

    async def _may_still(self, authorization: str) -> bool:
        try:
            await self._access.caller(authorization)
        except Unauthenticated:
            return False
        except Refusal as refusal:
            return refusal.reason != "CREDENTIALS_REFUSED"
        return True


class _Stream(EventSourceResponse):
    """The answer: pings keep it open, and a client that does not read for 5 seconds is let go."""

    def __init__(self, frames: AsyncIterator[bytes], feed: Feed, subscriber: Subscriber) -> None:
        super().__init__(
            frames,
            ping=PING_SECONDS,
            send_timeout=SEND_SECONDS_MAX,
            sep="\n",
        )
        self._feed = feed
        self._subscriber = subscriber

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("an event stream's client did not read; it was let go")
        finally:
            self._feed.leave(self._subscriber)


def event_domains(files: list[FileDescriptor]) -> frozenset[str]:
    """The domains of every event message, for example `credits`, `runs`."""
    return frozenset(
        message.GetOptions().Extensions[options_pb2.event].domain
        for file in files
        for message in file.message_types_by_name.values()
        if message.GetOptions().HasExtension(options_pb2.event)
    )


def _parameters(query: bytes) -> dict[str, list[str]]:
    try:
        found = parse_qs(query.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise RequestInvalid(FieldFault("query", "has more than 50 parameters")) from None
    if len(found.get("after", [])) > 1:
        raise RequestInvalid(FieldFault("after", "must be given once"))
    return found


def _polled(found: list[Event], next_id: str, *, reset: bool = False) -> Response:
    """The data of an event is JSON already."""
    listed = [{"id": event.id, "event": event.name, "data": orjson.Fragment(event.data)} for event in found]
    document = {"events": listed, "next": next_id, "reset": reset}
    return Response(orjson.dumps(document), 200, None, "application/json")


def _opening(id: str) -> bytes:
    """No event of its own: it gives the client an id to resume from before the first event came."""
    return f"retry: {_jitter()}\nid: {id}\n\n".encode()


def _retry() -> bytes:
    return f"retry: {_jitter()}\n\n".encode()


def _reset(id: str) -> bytes:
    """Tells the client that events were lost to it and that it must read its pages again."""
    return f"id: {id}\nevent: reset\ndata: {{}}\n\n".encode()


def _jitter() -> int:
    return _random.randint(*RETRY_MILLISECONDS)


def _check_accept(accept: str) -> None:
    if accept and not any(kind in accept for kind in ("text/event-stream", "text/*", "*/*")):
        raise NotAcceptable("text/event-stream")

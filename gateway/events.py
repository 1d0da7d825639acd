"""GET /api/v1/events: the account's events as server-sent events, resumable without loss or repeat."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs

import nats.errors
import orjson
from nats.js.errors import Error as JetStreamError
from sse_starlette.sse import EventSourceResponse, SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis.identity import Caller
from chassis.refusal import (
    FieldFault,
    PermissionDenied,
    Refusal,
    RequestInvalid,
    ServiceUnavailable,
    Unauthenticated,
)
from gateway.access import Access
from gateway.credentials import Credentials
from gateway.event_types import EventTypes
from gateway.feed import Event, Feed, Subscriber
from gateway.refusals import NotAcceptable

PATH = "/api/v1/events"
POLL_PATH = "/api/v1/events/poll"
POLL_EVENTS_MAX = 500
PING_SECONDS = 15
SEND_SECONDS_MAX = 5
CHECK_SECONDS = 4.0
"""The caller's right to listen is looked at so often: a token may have expired."""

CHECK_SECONDS_LEAST = 0.5
"""And earlier, though no oftener than this, when a key or session is no longer believed: its end is felt within 5 seconds."""

LIFETIME_SECONDS = (1500, 1800)
"""A stream ends after a time between these, so that clients spread over gateways as those come and go."""

RETRY_MILLISECONDS = (1000, 3000)

_log = logging.getLogger(__name__)
_random = random.SystemRandom()


@dataclass(slots=True)
class _Listener:
    """Who hears what: a caller as it was last verified, and the domains it asked for."""

    types: EventTypes
    credentials: Credentials
    caller: Caller
    domains: frozenset[str]

    def hears(self, event: Event) -> bool:
        """Whether the event was asked for, and is for this caller's role."""
        return event.domain in self.domains and self.types.may_hear(self.caller, event.name)


class Events:
    """Answers requests for event streams."""

    def __init__(self, feed: Feed, access: Access, types: EventTypes) -> None:
        self._feed = feed
        self._access = access
        self._types = types

    async def answer(self, query: bytes, headers: dict[str, str], credentials: Credentials) -> Response:
        """An open stream.

        Raises Unauthenticated, RequestInvalid for an unknown type, PermissionDenied for one that is not for the
        caller, TooManyStreams.
        """
        _check_accept(headers.get("accept", ""))
        caller = await self._access.caller(credentials)
        domains, _ = self._wanted(caller, query, "types")
        subscriber = self._feed.join(caller.account(), caller.actor)
        listener = _Listener(self._types, credentials, caller, domains)
        frames = self._frames(subscriber, listener, headers.get("last-event-id", ""))
        return _Stream(
            frames,
            self._feed,
            subscriber,
        )

    async def poll(self, query: bytes, credentials: Credentials) -> Response:
        """The account's events after a place, at most 500, and the place to ask from next.

        Without a place nothing but the one to begin at is answered. Raises as `answer` does, and ServiceUnavailable.
        """
        caller = await self._access.caller(credentials)
        account_id = caller.account()
        domains, after = self._wanted(caller, query, "types", "after")
        listener = _Listener(self._types, credentials, caller, domains)
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
                    if listener.hears(event):
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

    def _wanted(self, caller: Caller, query: bytes, *known: str) -> tuple[frozenset[str], str]:
        """The domains asked for, and the place to go on from."""
        parameters = _parameters(query)
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise RequestInvalid(*(FieldFault(name[:100], "is not a parameter here") for name in unknown))
        words = frozenset(word for text in parameters.get("types", []) for word in text.split(","))
        if words - self._types.domains:
            raise RequestInvalid(FieldFault("types", f"must be of: {', '.join(sorted(self._types.domains))}"))
        allowed = self._types.domains_for(caller)
        for domain in sorted(words - allowed):
            needed = self._types.needed_for(domain).name.lower()
            raise PermissionDenied(
                f"Events of the type {domain} need the role {needed}. Ask an owner of the account, or leave it out.",
                metadata={"needed": needed, "role": caller.role.name.lower(), "type": domain},
            )
        return words or allowed, parameters.get("after", [""])[0]

    async def _frames(
        self, subscriber: Subscriber, listener: _Listener, last_id: str
    ) -> AsyncIterator[bytes]:
        """Opening, what was missed, then live events until the stream ends, each with its place in the stream."""
        position = subscriber.start
        if last_id:
            try:
                async for event in self._feed.since(subscriber.account_id, last_id):
                    position = max(position, event.sequence)
                    if listener.hears(event):
                        yield event.frame
            except LookupError:
                yield _reset(self._feed.id_of(position))
            except (nats.errors.Error, JetStreamError, TimeoutError) as error:
                _log.warning("missed events cannot be read: %s", type(error).__name__)
                yield _retry()
                return
        yield _opening(self._feed.id_of(position))
        async for event in self._live(subscriber, position, listener):
            if listener.hears(event):
                yield event.frame
        if subscriber.was_reset:
            yield _reset(self._feed.id_of(self._feed.position))
        yield _retry()

    async def _live(self, subscriber: Subscriber, position: int, listener: _Listener) -> AsyncIterator[Event]:
        now = asyncio.get_running_loop().time
        until = now() + _random.uniform(*LIFETIME_SECONDS)
        check_at = now() + self._check_seconds(listener)
        while now() < until:
            event: Event | None = None
            waiting = False
            try:
                async with asyncio.timeout_at(min(check_at, until)):
                    event = await subscriber.events.get()
            except TimeoutError:
                waiting = True
            if now() >= check_at:
                if not await self._may_still(listener):
                    return
                check_at = now() + self._check_seconds(listener)
            if waiting:
                continue
            if event is None:
                return
            # What was replayed may have come in live too.
            if event.sequence > position:
                yield event

    def _check_seconds(self, listener: _Listener) -> float:
        # Not a fixed beat: a belief that others' requests renewed just before one would outlive two of them.
        believed = self._access.believed_seconds(listener.credentials)
        # Nor all at once of streams that began at once, as after a restart: events would wait behind their checks.
        usual = _random.uniform(CHECK_SECONDS / 2, CHECK_SECONDS)
        return min(usual, max(CHECK_SECONDS_LEAST, believed))

    async def _may_still(self, listener: _Listener) -> bool:
        """Looks at the caller again, whose role may have changed; a billing that is away changes nothing."""
        try:
            listener.caller = await self._access.caller(listener.credentials)
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

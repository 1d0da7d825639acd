"""A reader of server-sent events, as a browser's EventSource reads them."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from chassis.nats import Bus
from chassis.testing.callers import ACCOUNT_ID


@dataclass(frozen=True)
class Received:
    """One dispatched block: an event, or only an id or a retry."""

    event: str = ""
    id: str = ""
    data: str = ""
    retry: str = ""

    @property
    def json(self) -> Any:
        """The data, parsed."""
        return json.loads(self.data)


class EventReader:
    """An open stream, read block by block."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def block(self) -> Received | None:
        """The next block that is not a comment, None at the end of the stream."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line and fields:
                return Received(**fields)
            name, _, value = line.partition(": ")
            if name in ("event", "id", "data", "retry"):
                fields[name] = value
        return None

    async def event(self) -> Received:
        """The next event."""
        while (block := await self.block()) is not None:
            if block.event:
                return block
        raise AssertionError("the stream ended before the next event")

    async def events(self, count: int) -> list[Received]:
        """The next events."""
        return [await self.event() for _ in range(count)]


@contextlib.asynccontextmanager
async def listening(
    url: str, headers: dict[str, str], *, types: str = "", last_id: str = ""
) -> AsyncIterator[EventReader]:
    """Opens the event stream of a gateway."""
    sent = headers | ({"Last-Event-ID": last_id} if last_id else {})
    query = {"types": types} if types else {}
    async with (
        httpx.AsyncClient(timeout=20) as client,
        client.stream("GET", f"{url}/api/v1/events", headers=sent, params=query) as answer,
    ):
        yield EventReader(answer)


async def publish(
    bus: Bus, number: int, *, account_id: str = ACCOUNT_ID, subject: str = "credits.{}.captured"
) -> int:
    """Publishes an event with this number. Returns its sequence in the stream."""
    name = f"igny8.v1.{subject.format(account_id)}"
    return (await bus.jetstream.publish(name, orjson.dumps({"number": number}))).seq

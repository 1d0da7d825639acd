"""The outside world of the ai service: one HTTP server that is OpenAI at /v1 and Runware at /runware, and misbehaves by script."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from chassis.testing import until
from tests.outside import openai, runware, strictness
from tests.outside.behaviour import Behaviour, Break
from tests.outside.pictures import png

KEY = "sk-outside"
PICTURE = "/pictures/1.png"
"""Where a picture lies that is given by its address."""

GOOD = Behaviour()


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked once, whatever was answered."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(kw_only=True)
class Outside:
    """Each call takes the next behaviour of the script; after the last one, and without one, the answer is good."""

    url: str = ""
    script: list[Behaviour] = field(default_factory=list)
    latency_seconds: float = 0.0
    compatible: bool = False
    """Whether it is a server that speaks OpenAI's API with models of its own, and asks for no key."""
    keys: set[str] = field(default_factory=lambda: {KEY})
    """The keys that it takes."""
    writes: openai.Writes = openai.smallest
    calls: list[Call] = field(default_factory=list)
    at_once: int = 0
    at_once_max: int = 0
    """The most calls that were open at the same time."""
    made: runware.Made = field(default_factory=dict)
    connections: dict[tuple[str, int], asyncio.Transport] = field(default_factory=dict)

    @property
    def keys_given(self) -> list[str]:
        """The key that each call brought, in order; empty for none."""
        return [call.headers.get("authorization", "").removeprefix("Bearer ") for call in self.calls]

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def picture_url(self) -> str:
        return f"{self.url}{PICTURE}"

    @property
    def runware_url(self) -> str:
        return f"{self.url}/runware"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        try:
            await self._serve(scope, receive, send)
        finally:
            self.at_once -= 1

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        call = Call(scope["path"], headers, body)
        self.calls.append(call)
        behaviour = self.script.pop(0) if self.script else GOOD
        wait = behaviour.latency_seconds
        await asyncio.sleep(self.latency_seconds if wait is None else wait)
        if behaviour.breaks is Break.BEFORE_THE_ANSWER:
            self.connections[scope["client"]].abort()
            return
        if call.path == PICTURE:
            await _send(send, behaviour.status, behaviour.body or png(), behaviour)
            return
        status, answer = self._answer(call, behaviour)
        if behaviour.breaks is Break.AFTER_THE_WORK:
            self.connections[scope["client"]].abort()
            return
        if status == 200 and isinstance(body, dict) and body.get("stream") and behaviour.body is None:
            await _stream(send, json.loads(answer), body, behaviour)
        else:
            await _send(send, status, answer, behaviour)
        if behaviour.breaks is Break.IN_THE_MIDDLE:
            self.connections[scope["client"]].close()

    def _answer(self, call: Call, behaviour: Behaviour) -> tuple[int, bytes]:
        shape = runware if call.path.startswith("/runware") else openai
        if behaviour.body is not None:
            return behaviour.status, behaviour.body
        if behaviour.status != 200:
            return behaviour.status, _json(shape.error("No.", code=behaviour.code))
        try:
            if shape is runware:
                tasks = runware.check(call.headers, call.body, keys=self.keys)
                return 200, _json(runware.answer(tasks, behaviour, self.made))
            path = call.path.removeprefix("/v1/")
            openai.check(path, call.headers, call.body, keys=self.keys, compatible=self.compatible)
            return 200, _json(openai.answer(path, call.body, behaviour, self.writes))
        except strictness.Refused as refused:
            return refused.status, _json(
                openai.error(refused.message, code=refused.code, param=refused.param)
            )
        except runware.Refused as refused:
            fault = runware.error(refused.message, code=refused.code, parameter=refused.parameter)
            return refused.status, _json(fault)


@contextlib.asynccontextmanager
async def outside_world() -> AsyncIterator[Outside]:
    """The server on a free port of the loopback address."""
    outside = Outside()

    class Breakable(H11Protocol):
        """Keeps each connection, so that a script can break it."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            outside.connections[transport.get_extra_info("peername")] = transport
            super().connection_made(transport)

    config = uvicorn.Config(
        outside, host="127.0.0.1", port=0, log_level="critical", lifespan="off", http=Breakable
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    outside.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield outside
    finally:
        server.should_exit = server.force_exit = True
        await serving


async def _read(receive: Receive) -> Any:
    """The JSON of the request's body; None for what is none."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    try:
        return json.loads(body)
    except ValueError:
        return None


async def _send(send: Send, status: int, body: bytes, behaviour: Behaviour) -> None:
    half = behaviour.breaks is Break.IN_THE_MIDDLE
    headers = {"content-type": "application/json", "content-length": str(len(body)), **behaviour.headers}
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    sent = body[: len(body) // 2] if half else body
    await send({"type": "http.response.body", "body": sent, "more_body": half})


async def _stream(
    send: Send, completion: dict[str, Any], asked: dict[str, Any], behaviour: Behaviour
) -> None:
    """Server-sent events: a chunk each, and [DONE] at the end; broken off halfway where the behaviour says so."""
    counted = bool((asked.get("stream_options") or {}).get("include_usage")) and behaviour.counts
    chunks = openai.chunks(completion, counted=counted)
    events = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    cut = behaviour.stalls or behaviour.breaks is Break.IN_THE_MIDDLE or behaviour.ends_early
    sent = events[: len(events) // 2] if cut else [*events, b"data: [DONE]\n\n"]
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for event in sent:
        await asyncio.sleep(behaviour.chunk_seconds)
        await send({"type": "http.response.body", "body": event, "more_body": True})
    if behaviour.stalls:
        await asyncio.Event().wait()
    if behaviour.breaks is not Break.IN_THE_MIDDLE:
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()

"""Stands between a publisher and a WordPress, and breaks one request of a sequence in the way it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What happens to a request."""

    CUT_BEFORE = "cut before it was sent"
    CUT_WITHIN = "cut in the middle of what was sent"
    CUT_AFTER = "cut after the work was done"
    CUT_ANSWER = "cut in the middle of the answer"
    ANSWER_504 = "504 after the work was done"
    ANSWER_LATE = "answered too late"
    ARRIVES_LATE = "arrived after it was given up"
    KILL_BEFORE = "killed before it was sent"
    KILL_AFTER = "killed after the work was done"
    KILL_ANSWERED = "killed after the answer"

    @property
    def kills(self) -> bool:
        """Whether the publisher is to be killed at this moment, and not the request broken."""
        return self.name.startswith("KILL_")


_504: Final = (
    b"HTTP/1.1 504 Gateway Time-out\r\ncontent-type: text/html\r\ncontent-length: 16\r\n"
    b"connection: close\r\n\r\n<h1>Timeout</h1>"
)
PATIENCE_SECONDS_MAX: Final = 60.0


@dataclass(kw_only=True)
class Lane:
    """One way to a WordPress, on which one article goes at a time. The fault comes once, at the `step`-th request."""

    upstream: tuple[str, int]
    url: str = ""
    fault: Fault | None = None
    step: int = 0
    seen: list[str] = field(default_factory=list)
    """The first lines of the requests since the fault was set."""
    met: bool = False
    """Whether the fault came."""
    late_seconds: float = 1.0
    going: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever kills: answers that are held back go out, and the kill comes at once."""
    killed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever kills, once that is done."""

    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    def break_next(self, fault: Fault | None, *, step: int, late_seconds: float = 1.0) -> None:
        """Another article comes."""
        self.fault, self.step, self.late_seconds = fault, step, late_seconds
        self.seen, self.met = [], False
        self.going, self.killed = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of one connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        # Whoever waits for a fault that nobody comes for any more is cancelled; the streams would tell it as an error.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(reader, writer)
        self._serving.discard(task)
        writer.close()

    async def close(self) -> None:
        """Nobody comes any more."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _whole_request(reader)
        self.seen.append(request.partition(b"\r\n")[0].decode())
        fault = self.fault if len(self.seen) == self.step + 1 and not self.met else None
        if fault is None:
            writer.write(await self._forward(request))
            await writer.drain()
            return
        self.met = True
        await self._break(fault, request, reader, writer)

    async def _break(
        self, fault: Fault, request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault is Fault.CUT_BEFORE:
            return
        if fault is Fault.CUT_WITHIN:
            await self._forward(request[: len(request) // 2], whole=False)
            return
        if fault is Fault.KILL_BEFORE:
            await self.killed.wait()
            return
        if fault is Fault.ARRIVES_LATE:
            await asyncio.wait_for(reader.read(), PATIENCE_SECONDS_MAX)
            await asyncio.sleep(self.late_seconds)
            await self._forward(request)
            return
        answer = await self._forward(request)
        if fault is Fault.CUT_ANSWER:
            writer.write(answer[: len(answer) // 2])
            await writer.drain()
        if fault is Fault.ANSWER_504:
            writer.write(_504)
            await writer.drain()
        if fault is Fault.ANSWER_LATE:
            await asyncio.wait_for(reader.read(), PATIENCE_SECONDS_MAX)
        if fault is Fault.KILL_ANSWERED:
            await self.going.wait()
            writer.write(answer)
            await writer.drain()
        if fault is Fault.KILL_AFTER:
            await self.killed.wait()

    async def _forward(self, request: bytes, *, whole: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read() if whole else b""
        finally:
            writer.close()


async def _whole_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    # One request a connection, so that the end of the answer is the end of the connection.
    one = head.replace(b"Connection: keep-alive", b"Connection: close")
    return one + (await reader.readexactly(lengths[0]) if lengths else b"")


@contextlib.asynccontextmanager
async def lanes(url: str, *, count: int) -> AsyncIterator[list[Lane]]:
    """So many ways to the WordPress at that address."""
    there = urlsplit(url)
    assert there.hostname is not None
    assert there.port is not None
    opened = [Lane(upstream=(there.hostname, there.port)) for _ in range(count)]
    async with contextlib.AsyncExitStack() as stack:
        for lane in opened:
            server = await stack.enter_async_context(
                await asyncio.start_server(lane.serve, "127.0.0.1", 0, limit=2**20)
            )
            lane.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield opened
        finally:
            for lane in opened:
                await lane.close()

"""A small HTTP server that answers by a script, well or badly, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    line: str
    headers: dict[str, str]


@dataclass
class Gateway:
    """`script` holds an answer a request, the last of them for all that follow; empty bytes hang up."""

    script: list[bytes]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(head[0], headers))
        writer.write(self.script.pop(0) if len(self.script) > 1 else self.script[0])
        await writer.drain()
        writer.close()


@asynccontextmanager
async def gateway(*script: bytes) -> AsyncIterator[Gateway]:
    """`async with gateway(problem(503), answered('{}')) as at:`"""
    made = Gateway(list(script))
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


def answered(body: str, *, status: int = 200, media_type: str = "application/json") -> bytes:
    """An answer, after which the connection ends."""
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: {media_type}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


def problem(status: int, reason: str = "", detail: str = "") -> bytes:
    """A refusal as the gateway writes it."""
    body = f'{{"title": "A title", "status": {status}, "reason": "{reason}", "detail": "{detail}"}}'
    return answered(body, status=status, media_type="application/problem+json")

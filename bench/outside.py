"""A model provider for benchmarks, in a process of its own: OpenAI's images after a fixed latency, and no more at once than allowed.

`python -m bench.outside LATENCY_SECONDS CALLS_AT_ONCE` prints its port, serves until its input ends, and then prints
what it saw as JSON. Answers are made once, so that it is never what everybody waits for.
"""

import asyncio
import base64
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

PICTURE_SIZE: Final = (128, 96)
"""In pixels, each of its own colour: about 37 kB as a PNG, and little to decode, which is not what is measured."""


@dataclass(kw_only=True)
class Seen:
    """What was asked of the provider."""

    calls: int = 0
    refused: int = 0
    at_once_max: int = 0


@dataclass(kw_only=True)
class Outside:
    """A provider that runs; `seen` is filled when it has ended."""

    url: str
    pid: int
    seen: Seen = field(default_factory=Seen)


@contextmanager
def outside(*, latency_seconds: float, calls_at_once: int) -> Iterator[Outside]:
    """The provider until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.outside", str(latency_seconds), str(calls_at_once)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = Outside(url=f"http://127.0.0.1:{process.stdout.readline().strip()}/v1", pid=process.pid)
    try:
        yield found
    finally:
        said, _ = process.communicate()
        found.seen = Seen(**json.loads(said))


class _Server:
    def __init__(self, latency_seconds: float, calls_at_once: int) -> None:
        self.latency_seconds = latency_seconds
        self.calls_at_once = calls_at_once
        self.seen = Seen()
        self.at_once = 0
        picture = base64.b64encode(picture_png()).decode()
        self.good = _response("200 OK", {"created": 1, "data": [{"b64_json": picture}]})
        self.busy = _response(
            "429 Too Many Requests",
            {"error": {"message": "Too many at once.", "type": "requests", "code": "rate_limit_exceeded"}},
        )


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as the openai SDK speaks it: one request after the other, each with its length."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        self._received = rest[_length(head) :]
        server = self._server
        if server.at_once >= server.calls_at_once:
            server.seen.refused += 1
            self._transport.write(server.busy)
            return
        server.at_once += 1
        server.seen.calls += 1
        server.seen.at_once_max = max(server.seen.at_once_max, server.at_once)
        asyncio.get_running_loop().call_later(server.latency_seconds, self._answer)

    def _answer(self) -> None:
        # Out of the count before the bytes go: whoever has read them may call again at once.
        self._server.at_once -= 1
        self._transport.write(self._server.good)


def picture_png() -> bytes:
    """The one picture, the same bytes every time."""
    from PIL import Image

    width, height = PICTURE_SIZE
    pixels = random.Random(7).randbytes(width * height * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", PICTURE_SIZE, pixels).save(file, "PNG")
    return file.getvalue()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _response(status: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def _serve(latency_seconds: float, calls_at_once: int) -> None:
    server = _Server(latency_seconds, calls_at_once)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    # Its parent closes the input when it is done, or dies.
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps(server.seen.__dict__))


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]), int(sys.argv[2])))

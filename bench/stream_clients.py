"""Clients of the event stream: `python -m bench.stream_clients PORT CLIENTS` reads a token a line, so many clients for each.

It prints `open` once every stream has begun. When its input ends it prints, for each token in order, a list for each of its
clients of what came in: `[place in the stream, unix seconds]`.
"""

import asyncio
import json
import sys
import time
from typing import Final

HOST: Final = "127.0.0.1"
AT_ONCE: Final = 50
END: Final = b"\n\n"


class Client(asyncio.Protocol):
    """One open stream."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._received = b""
        self.events: list[tuple[int, float]] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        head = f"GET /api/v1/events?types=credits HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self._token}\r\n\r\n"
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *blocks, self._received = (self._received + data).split(END)
        for block in blocks:
            lines = block.splitlines()
            places = [line for line in lines if line.startswith(b"id: ")]
            if any(line.startswith(b"event: ") for line in lines):
                self.events.append((int(places[0].rpartition(b".")[2]), now))
            elif places and not self.opened.done():
                self.opened.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(RuntimeError(f"the stream did not begin: {self._received!r}"))
        else:
            print(f"a stream ended after {len(self.events)} events", file=sys.stderr)


async def main(port: int, count: int, tokens: list[str]) -> None:
    """Listens until standard input ends."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(AT_ONCE)

    async def listen(token: str) -> Client:
        async with gate:
            _, client = await loop.create_connection(lambda: Client(token), HOST, port)
            await client.opened
        return client

    clients = [await asyncio.gather(*(listen(token) for _ in range(count))) for token in tokens]
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps([[client.events for client in those] for those in clients]))


if __name__ == "__main__":
    lines = iter(sys.stdin.readline, "\n")
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), [line.strip() for line in lines]))

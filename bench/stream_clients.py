"""Clients of the event stream: `python -m bench.stream_clients PORT CLIENTS` reads a token a line, so many clients for each.

It prints `open` once every stream has begun. After that it reads how many events are to come to all clients together, and once
they have, or after `PATIENCE_SECONDS`, prints a JSON object: `heard`, for each token in order a list for each of its clients of what
came in as `[place in the stream, unix seconds]`; and `late`, how many seconds the loop of this process was late now and then, since
what it is late it finds in the events as well.
"""

import asyncio
import json
import sys
import time
from typing import Final

HOST: Final = "127.0.0.1"
AT_ONCE: Final = 50
PATIENCE_SECONDS: Final = 60.0
LATENESS_SECONDS: Final = 0.05
"""So often the loop is looked at."""

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
    """Listens until all has come that is expected, and then until standard input ends."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(AT_ONCE)

    async def listen(token: str) -> Client:
        async with gate:
            _, client = await loop.create_connection(lambda: Client(token), HOST, port)
            await client.opened
        return client

    clients = [await asyncio.gather(*(listen(token) for _ in range(count))) for token in tokens]
    print("open", flush=True)
    late: list[float] = []
    looking = asyncio.create_task(_look(late))
    expected = int(await asyncio.to_thread(sys.stdin.readline))
    until = time.monotonic() + PATIENCE_SECONDS
    while sum(len(client.events) for those in clients for client in those) < expected:
        if time.monotonic() > until:
            break
        await asyncio.sleep(LATENESS_SECONDS)
    looking.cancel()
    print(
        json.dumps({"heard": [[client.events for client in those] for those in clients], "late": late}),
        flush=True,
    )
    # The streams stay open until their weight was taken.
    await asyncio.to_thread(sys.stdin.read)


async def _look(late: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LATENESS_SECONDS
        await asyncio.sleep(LATENESS_SECONDS)
        late.append(loop.time() - due)


if __name__ == "__main__":
    lines = iter(sys.stdin.readline, "\n")
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), [line.strip() for line in lines]))

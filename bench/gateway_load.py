"""A load generator for HTTP/1.1: so many connections, each asking again as soon as it has its answer.

`python -m bench.gateway_load '{"port": 8080, "request": "GET / HTTP/1.1\\r\\n…", "connections": 16, "seconds": 3}'` prints
`{"per_second", "median_ms"}`. In the request `{number}` stands for a number that no other request of any run has.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

import psycopg2

HOST: Final = "127.0.0.1"
WARM_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is asked. Every answer must have a status below 300."""

    port: int
    request: str
    body: str = ""
    connections: int = 16
    seconds: float = 2.0
    change: str = ""
    """A statement for the database at `database_url` that is committed before each request."""

    database_url: str = ""

    def to_argument(self) -> str:
        return json.dumps(asdict(self))

    def bytes(self) -> bytes:
        """The next request."""
        number = f"{time.monotonic_ns():x}"
        body = self.body.replace("{number}", number)
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        return f"{self.request.replace('{number}', number)}Host: {HOST}\r\n{length}\r\n{body}".encode()


class Connection(asyncio.Protocol):
    """One connection, with at most one request on its way. Only what our own servers and the peers send is understood."""

    def __init__(
        self,
        load: Load,
        taken: list[float],
        failed: "asyncio.Future[None]",
        *,
        change: Callable[[], None] | None = None,
    ) -> None:
        """`change` is called before each request, whose time begins afterwards."""
        self._load = load
        self._change = change
        self._taken = taken
        self._failed = failed
        self._received = b""
        self._asked_at = 0.0
        self._transport: asyncio.Transport | None = None
        self.idle = asyncio.Event()
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        """Sends the next request."""
        assert self._transport is not None
        if self._change is not None:
            self._change()
        self._asked_at = time.perf_counter()
        self._transport.write(self._load.bytes())

    async def ended(self) -> None:
        """Waits for the answer, once it is to be the last. Raises RuntimeError when any connection failed."""
        await self.idle.wait()
        if self._failed.done():
            self._failed.result()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        self._received = b""
        if not b"200" <= head[9:12] < b"300":
            self._fail(f"{head.decode()}\n{body[:500].decode()}")
            return
        self._taken.append(time.perf_counter() - self._asked_at)
        if self.stopping:
            self.idle.set()
        else:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.idle.is_set():
            self._fail(f"the server hung up: {error}")

    def _fail(self, why: str) -> None:
        self.idle.set()
        if not self._failed.done():
            self._failed.set_exception(RuntimeError(why))


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise RuntimeError(f"an answer of unknown length: {head.decode()}")


async def measure(load: Load) -> dict[str, float]:
    """Answers a second, and the median time to one. Raises RuntimeError for an answer that is not a success."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    taken: list[float] = []
    change = _changing(load) if load.change else None
    connections = [
        (
            await loop.create_connection(
                lambda: Connection(load, taken, failed, change=change), HOST, load.port
            )
        )[1]
        for _ in range(load.connections)
    ]
    for connection in connections:
        connection.ask()
    await asyncio.wait([failed], timeout=WARM_SECONDS)
    taken.clear()
    began = time.perf_counter()
    await asyncio.wait([failed], timeout=load.seconds)
    while not taken and not failed.done():
        # On a machine that is busy with other things, the slowest side may not have answered once.
        await asyncio.wait([failed], timeout=load.seconds)
    seconds, done = time.perf_counter() - began, taken[:]
    for connection in connections:
        connection.stopping = True
    for connection in connections:
        await connection.ended()
    return {"per_second": len(done) / seconds, "median_ms": 1000 * median(done)}


def _changing(load: Load) -> Callable[[], None]:
    """Makes the load's change, each in a transaction of its own; the connections wait for it as for their answers."""
    connection = psycopg2.connect(load.database_url)
    connection.autocommit = True
    cursor = connection.cursor()
    # It is not the disk that is measured.
    cursor.execute("SET synchronous_commit = off")

    def change() -> None:
        cursor.execute(load.change)
        assert cursor.rowcount == 1, "each request is for something that has changed"

    return change


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Load(**json.loads(sys.argv[1]))))))

"""The NATS of a test session, and its streams as they are when a test begins."""

import signal
import tempfile
from pathlib import Path
from typing import Self

from nats.js.errors import NotFoundError

from chassis.nats import Bus
from chassis.streams import EVENTS_STREAM, JOBS_STREAM, StreamLimits, ensure_streams
from suite.embedded import process
from suite.embedded.nats import EmbeddedNats
from suite.embedded.postgres import new_password


class SessionNats:
    """An embedded NATS server in a folder of its own, which a test may kill and start again on the same port."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="igny8-test-nats-")
        self._server = EmbeddedNats(Path(self._folder.name, "nats"), password=new_password(), durable=False)

    @property
    def url(self) -> str:
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        self._folder.cleanup()

    def kill(self) -> None:
        """As the kernel would: without a word, and nothing written on the way."""
        assert self._server.pid is not None
        process.end(self._server.pid, by=signal.SIGKILL, grace_seconds=5.0)
        assert self._server.returncode() is not None

    def start_again(self) -> None:
        """On the same data and the same port."""
        self._server.start()


async def empty_streams(bus: Bus) -> None:
    """Both streams there, without messages and consumers."""
    await ensure_streams(bus.jetstream, StreamLimits())
    for stream in (EVENTS_STREAM, JOBS_STREAM):
        for consumer in await bus.jetstream.consumers_info(stream):
            try:
                await bus.jetstream.delete_consumer(stream, consumer.name)
            except NotFoundError:
                continue
        await bus.jetstream.purge_stream(stream)

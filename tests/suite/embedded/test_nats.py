"""The embedded NATS starts, keeps acknowledged messages through a kill, and lets only its own users in."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import nats
import nats.errors
import pytest

from suite.embedded import process
from suite.embedded.nats import EmbeddedNats
from suite.embedded.ports import LOOPBACK
from suite.embedded.process import ServerFailed


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedNats]:
    # A quote in the path is legal, and must not end the string in the server's configuration.
    server = EmbeddedNats(data_dir / 'a "quoted" folder', password="secret")
    yield server
    server.stop()


async def publish_one(url: str) -> int:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    acknowledged = await stream.publish("kept.one", b"1")
    await client.close()
    return acknowledged.seq


async def messages_kept(url: str) -> int:
    client = await nats.connect(url)
    info = await client.jetstream().stream_info("KEPT")
    await client.close()
    return info.state.messages


async def test_an_acknowledged_message_survives_kill_9(server: EmbeddedNats) -> None:
    server.start()
    await publish_one(server.url)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    process.wait_for_exit(server.pid, timeout_seconds=5)

    server.start()

    assert await messages_kept(server.url) == 1


async def test_a_second_start_continues_on_the_same_ports(server: EmbeddedNats) -> None:
    server.start()
    url = server.url
    await publish_one(url)
    server.stop()

    server.start()

    assert server.url == url
    assert await messages_kept(url) == 1


async def test_a_wrong_password_is_refused(server: EmbeddedNats) -> None:
    server.start()

    with pytest.raises(nats.errors.Error, match="Authorization Violation"):
        await nats.connect(
            server.url.replace("secret", "wrong"),
            allow_reconnect=False,
            max_reconnect_attempts=0,
            connect_timeout=1,
        )


def test_a_server_that_an_earlier_owner_left_running_is_stopped_first(server: EmbeddedNats) -> None:
    server.start()
    later = EmbeddedNats(server.folder, password="secret")

    later.start()

    assert server.returncode() is not None
    assert later.is_ready()
    later.stop()


def test_a_taken_port_is_passed_over_and_said(data_dir: Path) -> None:
    said: list[str] = []
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        server = EmbeddedNats(data_dir, password="secret", port=taken, say=said.append)
        server.start()

    assert server.port > taken
    assert f"Port {taken} is taken; NATS listens on {server.port}." in said
    server.stop()


def test_its_files_are_closed_to_others(server: EmbeddedNats) -> None:
    server.start()

    assert (server.folder / "nats.conf").stat().st_mode & 0o077 == 0
    assert server.folder.stat().st_mode & 0o077 == 0


def test_a_server_that_cannot_start_says_why(server: EmbeddedNats) -> None:
    server.folder.mkdir(parents=True)
    (server.folder / "jetstream").write_text("a file where a folder belongs")

    with pytest.raises(ServerFailed, match="storage directory"):
        server.start()

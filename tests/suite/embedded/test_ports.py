"""A port is ours from the moment it is chosen, though nobody listens there yet or just now."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from suite.embedded.ports import LOOPBACK, ReservedPort, reserve_port


@pytest.fixture
def reserved() -> Iterator[ReservedPort]:
    with reserve_port() as reserved:
        yield reserved


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """As asyncio, gRPC, PostgreSQL and NATS listen."""
    with socket.create_server((LOOPBACK, port)) as server:
        yield server


def test_a_server_listens_at_a_reserved_port_again_and_again(reserved: ReservedPort) -> None:
    with listening(reserved.port) as server, socket.create_connection((LOOPBACK, reserved.port)):
        server.accept()[0].close()

    with listening(reserved.port) as again:
        assert again.getsockname()[1] == reserved.port


def test_two_servers_cannot_share_it(reserved: ReservedPort) -> None:
    with listening(reserved.port), pytest.raises(OSError, match="in use"):
        socket.create_server((LOOPBACK, reserved.port))


def test_the_kernel_gives_it_to_nobody_who_takes_any_port(reserved: ReservedPort) -> None:
    chosen = set()
    with contextlib.ExitStack() as opened, socket.create_server((LOOPBACK, 0)) as somebody:
        for _ in range(300):
            client = opened.enter_context(socket.create_connection(somebody.getsockname()))
            chosen.add(client.getsockname()[1])
            opened.enter_context(somebody.accept()[0])
            other = opened.enter_context(socket.socket())
            other.bind((LOOPBACK, 0))
            chosen.add(other.getsockname()[1])

    assert reserved.port not in chosen


def test_another_suite_passes_it_over_though_nobody_listens(reserved: ReservedPort) -> None:
    with reserve_port(reserved.port) as other:
        assert other.port > reserved.port


def test_a_preferred_port_is_free_again_when_its_connections_have_only_just_ended() -> None:
    with reserve_port() as first, listening(first.port) as server:
        client = socket.create_connection((LOOPBACK, first.port))
        served, _ = server.accept()
        # Who closes first keeps the connection in TIME_WAIT.
        served.close()
        client.close()

    with reserve_port(first.port) as second:
        assert second.port == first.port


def test_what_is_meant_for_somebody_else_is_passed_over(reserved: ReservedPort) -> None:
    with reserve_port(reserved.port, taken={reserved.port + 1}) as other:
        assert other.port > reserved.port + 1

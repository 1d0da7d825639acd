"""TCP ports on the loopback address, reserved from the moment they are chosen until nobody needs them any more."""

import contextlib
import socket
from collections.abc import Container
from types import TracebackType
from typing import Final, Self

LOOPBACK: Final = "127.0.0.1"
_PREFERRED_MAX: Final = 100


class ReservedPort:
    """A port that nobody else gets while it is reserved: not the kernel's choice for another socket, nor another suite.

    A socket that is bound and does not listen keeps the kernel from choosing it, and lets a server that sets
    SO_REUSEADDR (all of ours do) listen beside it, again and again; bind(2) and socket(7). Among suites the
    name of an abstract UNIX socket decides, which ends with its process.
    """

    def __init__(self, held: socket.socket, claim: socket.socket) -> None:
        self._held = held
        self._claim = claim
        self.port: int = held.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the reservation; again does nothing."""
        self._held.close()
        self._claim.close()


def reserve_port(preferred: int | None = None, *, taken: Container[int] = ()) -> ReservedPort:
    """Reserves the preferred port or the next free one after it; any free port when none is preferred.

    `taken` are ports that are meant for somebody else. Raises OSError when the hundred ports from the preferred one
    on are all in use.
    """
    if preferred is None:
        while True:
            if (any_port := _reserve(0)) is not None:
                return any_port
    for port in range(preferred, min(preferred + _PREFERRED_MAX, 65536)):
        if port not in taken and (reserved := _reserve(port)) is not None:
            return reserved
    raise OSError(
        f"The ports from {preferred} to {preferred + 99} on {LOOPBACK} are all in use; free one of them."
    )


def _reserve(port: int) -> ReservedPort | None:
    """None when somebody else has it; 0 stands for any."""
    with contextlib.ExitStack() as undo:
        held = undo.enter_context(socket.socket())
        claim = undo.enter_context(socket.socket(socket.AF_UNIX))
        try:
            if port:
                # As the servers themselves do: a port in TIME_WAIT is free, one with a listener is not.
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.bind((LOOPBACK, port))
                _listen_once(port)
            else:
                # Without the option the kernel chooses none that a socket of anybody's is bound to.
                held.bind((LOOPBACK, 0))
                held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claim.bind(f"\0igny8-port-{held.getsockname()[1]}")
        except OSError:
            return None
        undo.pop_all()
        return ReservedPort(held, claim)


def _listen_once(port: int) -> None:
    """Raises OSError where a server could not listen now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))
        probe.listen(1)

"""Free TCP ports on the loopback address."""

import socket
from collections.abc import Container

LOOPBACK = "127.0.0.1"


def free_port(preferred: int | None = None, *, taken: Container[int] = ()) -> int:
    """The preferred port or the next free one after it; any free port when none is preferred.

    `taken` are ports that are promised to somebody else and not bound yet. Raises OSError when the
    hundred ports from the preferred one on are all in use.
    """
    if preferred is None:
        return _any_free_port(taken)
    for port in range(preferred, min(preferred + 100, 65536)):
        if port not in taken and is_free(port):
            return port
    raise OSError(
        f"The ports from {preferred} to {preferred + 99} on {LOOPBACK} are all in use; free one of them."
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As the servers themselves do: a port in TIME_WAIT is free, one with a listener is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _any_free_port(taken: Container[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port

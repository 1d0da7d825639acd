"""One suite per data folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite import stack

_FILE = "lock"


class FolderInUse(Exception):
    """Another suite runs on this data folder."""

    def __init__(self, data_dir: Path, *, pid: int) -> None:
        running = stack.read(data_dir)
        where = f"at {running.gateway_url}" if running else "and is starting or stopping"
        super().__init__(
            f"A suite already runs on {data_dir} (process {pid}) {where}. "
            "Use that one, stop it with Ctrl-C, or name another folder with IGNY8_DATA_DIR."
        )
        self.pid = pid


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder, made if it is not there (0700). Raises FolderInUse.

    The kernel lets go of the lock when the process ends in whatever way, so it is never stale.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(data_dir, pid=int(os.read(descriptor, 20) or b"0")) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)

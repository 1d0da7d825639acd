"""One suite per data folder."""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from suite import private_file

FILE = "lock"
STACK_FILE = "stack.json"

_WHOLE_FILE = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
"""struct flock of fcntl(2). Locks of the open file description (F_OFD_…), because these can be asked for without
being taken, and a process that opens and closes the file elsewhere does not lose them."""


class FolderInUse(Exception):
    """Another suite runs on this data folder."""

    def __init__(self, data_dir: Path, *, pid: int) -> None:
        url = (private_file.read(data_dir / STACK_FILE) or {}).get("gateway_url")
        where = f"at {url}" if url else "and is starting or stopping"
        super().__init__(
            f"A suite already runs on {data_dir} (process {pid}) {where}. "
            "Use that one, stop it with Ctrl-C, or name another folder with IGNY8_DATA_DIR."
        )
        self.pid = pid


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Hold the folder, made if it is not there. Raises FolderInUse.

    The kernel lets go of the lock when the process ends in whatever way, so it is never stale.
    """
    # Root's PostgreSQL runs as another user, who may pass through the folder but see nothing else in it.
    data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            raise FolderInUse(data_dir, pid=int(os.read(descriptor, 20) or b"0")) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        # What a killed suite left would lead to ports that are no longer its own.
        (data_dir / STACK_FILE).unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def is_locked(data_dir: Path) -> bool:
    """Whether a suite holds the folder now."""
    try:
        descriptor = os.open(data_dir / FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
        return bool(struct.unpack("hhqqi4x", answer)[0] != fcntl.F_UNLCK)
    finally:
        os.close(descriptor)

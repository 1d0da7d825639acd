"""`stack.json`: where everything of a running suite is, for people's tools and for our own commands."""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from suite import private_file
from suite.lock import STACK_FILE, is_locked


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFile:
    """The content of `$IGNY8_DATA_DIR/stack.json` (mode 0600), there from readiness until the stop."""

    gateway_url: str
    grpc: dict[str, str]
    """host:port by service."""

    nats_url: str
    database_url: str
    """The owner's, with a search_path of all four schemas; a libpq URI."""

    read_only_database_url: str
    """What `make -s dsn` prints."""

    metrics: dict[str, str] = field(default_factory=dict)
    """Base URL of `/metrics`, `/healthz` and `/readyz` by process."""

    pids: dict[str, int] = field(default_factory=dict)
    """Process ids: `supervisor`, `postgres`, `nats`, and each service process by its name."""

    def write(self, data_dir: Path) -> None:
        """Put it into the folder, whole."""
        private_file.write(data_dir / STACK_FILE, asdict(self))


def read(data_dir: Path) -> StackFile | None:
    """The suite that runs on that folder; None when none does, also when one was killed and left its file."""
    content = private_file.read(data_dir / STACK_FILE)
    if content is None or not is_locked(data_dir):
        return None
    return StackFile(**{name: content[name] for name in StackFile.__slots__ if name in content})


def remove(data_dir: Path) -> None:
    """Take the file away; no error when it is not there."""
    (data_dir / STACK_FILE).unlink(missing_ok=True)


def is_running(pid: int) -> bool:
    """Whether there is a process of that id."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

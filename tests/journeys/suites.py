"""The whole embedded suite as a person runs it: the command `igny8 up` in a process of its own, on a new folder."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg2
from psycopg2.extras import RealDictCursor

from suite import bootstrap_state, stack
from suite.embedded import process
from suite.rest import ATTEMPTS_MAX, Api
from suite.secrets import kept_api_key
from suite.settings import SuiteSettings
from suite.stack import StackFile

KEYWORDS: Final = Path(__file__).with_name("keywords.csv")
READY_SECONDS_MAX: Final = 90.0
END_SECONDS_MAX: Final = 60.0

_THEIRS: Final = ("IGNY8_", "OPENAI_", "RUNWARE_", "OTEL_", "SMTP_")
"""What a person has set up for real use must reach no test."""


@dataclass(frozen=True, kw_only=True)
class RunningSuite:
    """A suite that is ready for use."""

    data_dir: Path

    @property
    def settings(self) -> SuiteSettings:
        return SuiteSettings(data_dir=self.data_dir)

    @property
    def stack(self) -> StackFile:
        """Where everything is just now."""
        found = stack.read(self.data_dir)
        assert found is not None, "the suite runs"
        return found

    def api(self, name: str = "demo", *, attempts_max: int = ATTEMPTS_MAX) -> Api:
        """The API as the demo account's owner, or as the `operator`; more patient where services die all the time."""
        key = kept_api_key(self.data_dir, name)
        assert key is not None, "the suite was made ready for use"
        return Api(self.stack.gateway_url, key, attempts_max=attempts_max)

    def igny8(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The command on this suite, in a process of its own: here it would end the loop of the other tests."""
        return subprocess.run(
            [sys.executable, "-m", "suite.cli", *arguments],
            env=environment_of(self.data_dir),
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query, by the role of `make -s dsn`."""
        with (
            closing(psycopg2.connect(self.stack.read_only_database_url)) as connection,
            connection.cursor(cursor_factory=RealDictCursor) as cursor,
        ):
            cursor.execute(query, parameters or None)
            return [dict(row) for row in cursor.fetchall()]

    def lines_of_level_error(self) -> list[str]:
        """Every line of the services' logs that a person should never see."""
        return [
            f"{log.name}: {line}"
            for log in sorted((self.data_dir / "logs").glob("*.log"))
            for line in log.read_text(errors="replace").splitlines()
            if '"level":"error"' in line or '"level":"critical"' in line or line.startswith("Traceback")
        ]


def environment_of(data_dir: Path) -> dict[str, str]:
    """The environment of a command on that folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(_THEIRS)}
    return ours | {"IGNY8_DATA_DIR": str(data_dir), "COLUMNS": "100"}


@contextmanager
def running(
    data_dir: Path,
    *,
    module: str = "suite.cli",
    arguments: Sequence[str] = ("up",),
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningSuite]:
    """`igny8 up`, or what the module does in its place, until the block ends; `environment` is added to its own."""
    said = data_dir.with_suffix(".said")
    with said.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdout=output,
            stderr=output,
            env=environment_of(data_dir) | dict(environment or {}),
        )
    try:
        suite = RunningSuite(data_dir=data_dir)
        process.wait_until(
            lambda: child.poll() is not None or _is_usable(data_dir), timeout_seconds=READY_SECONDS_MAX
        )
        assert child.poll() is None, said.read_text()
        assert _is_usable(data_dir), said.read_text()
        yield suite
    finally:
        child.terminate()
        child.wait(timeout=END_SECONDS_MAX)


def _is_usable(data_dir: Path) -> bool:
    return stack.read(data_dir) is not None and not bootstrap_state.needed(data_dir)

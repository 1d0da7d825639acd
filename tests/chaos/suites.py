"""The suite of a campaign: on a new empty folder, with the processes it needs, gone when the block ends."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.journeys.suites import RunningSuite, running

RATE_LIMITS_OFF: Final = {"IGNY8_REQUESTS_PER_MINUTE": "0", "IGNY8_REQUESTS_PER_MINUTE_PER_ADDRESS": "0"}


@contextmanager
def own_suite(
    *, programs: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[RunningSuite]:
    """A usable suite. `programs` are names of `suite.up.PROGRAMS`, all when there is none; what is killed starts
    again at once. `environment` is added to every process's. Raises AssertionError when it does not come up."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-chaos-"))
    # As the data folder's own: root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    try:
        with running(
            outer / "data",
            module="tests.chaos.part",
            arguments=programs,
            environment=RATE_LIMITS_OFF | dict(environment or {}),
        ) as suite:
            yield suite
    finally:
        shutil.rmtree(outer, ignore_errors=True)

"""One suite for all journeys of a session."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.suites import RunningSuite, running


@pytest.fixture(scope="session")
def suite() -> Iterator[RunningSuite]:
    """The whole suite, ready for use."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-journey-"))
    # As the data folder's own: root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    with running(outer / "data") as suite:
        yield suite
    shutil.rmtree(outer)

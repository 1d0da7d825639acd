"""One suite for all journeys of a session."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.suites import RunningSuite, running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The main job is looked at alone; kills come last: what a service says of a neighbour's death is no fault of it."""
    order = ("test_main_job.py", "test_isolation.py", "test_bad_input.py", "test_kill.py")
    items.sort(key=lambda item: order.index(item.path.name) if item.path.name in order else 0)


@pytest.fixture(scope="session")
def suite() -> Iterator[RunningSuite]:
    """The whole suite, ready for use."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-journey-"))
    # As the data folder's own: root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    with running(outer / "data") as suite:
        yield suite
    shutil.rmtree(outer)

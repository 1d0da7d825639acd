"""One suite for all journeys of a session."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos import topics
from tests.journeys.suites import RunningSuite, running
from tests.outside.server import Outside, outside_world

ORDER: Final = (
    "test_main_job.py",
    "test_totals.py",
    "test_schedules.py",
    "test_gateways.py",
    "test_functions_by_hand.py",
    "test_isolation.py",
    "test_access.py",
    "test_bad_input.py",
    "test_pauses.py",
    "test_kill.py",
    "test_kill_workers.py",
    "test_kill_anything.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The main job is looked at alone; kills come last: what a service says of a neighbour's death is no fault of it."""
    items.sort(key=lambda item: ORDER.index(item.path.name) if item.path.name in ORDER else 0)


@pytest.fixture(scope="session")
async def outside() -> AsyncIterator[Outside]:
    """The model outside, for tests that count its calls: what the suite asks of models that are OpenAI's."""
    async with outside_world() as world:
        world.writes = topics.one_idea
        world.latency_seconds = topics.LATENCY_SECONDS
        yield world


@pytest.fixture(scope="session")
def suite(outside: Outside) -> Iterator[RunningSuite]:
    """The whole suite, ready for use. Its own models are offline; those of OpenAI are the stand-in's."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-journey-"))
    # As the data folder's own: root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    with running(outer / "data", environment=topics.environment(outside)) as suite:
        yield suite
    shutil.rmtree(outer)

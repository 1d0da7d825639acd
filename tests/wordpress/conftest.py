"""The WordPress of the session."""

from collections.abc import Iterator

import pytest

from tests.wordpress.running import RunningWordPress, running_wordpress


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All that is here needs it."""
    for item in items:
        if "tests/wordpress/" in item.path.as_posix():
            item.add_marker(pytest.mark.wordpress)


@pytest.fixture(scope="session")
def wordpress() -> Iterator[RunningWordPress]:
    """One WordPress for all tests; what a test leaves there others do not look at."""
    with running_wordpress() as running:
        yield running

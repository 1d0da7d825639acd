"""The outside world, behaving until a test scripts it otherwise."""

from collections.abc import AsyncIterator

import pytest

from tests.outside.server import Outside, outside_world


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with outside_world() as world:
        yield world

"""A run that is paused and resumed at random moments, a sample of `make chaos ONLY=pauses`: nothing is done twice."""

import random
from collections import Counter

import pytest

from tests.chaos import topics
from tests.chaos.pauses import AT_ONCE, Pausing, pause_again_and_again
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

ITEMS = 20
PAUSES = 4
FIRST = 3000


async def test_pauses_make_the_provider_called_no_second_time_and_begin_nothing(
    suite: RunningSuite, outside: Outside, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(pytestconfig.getoption("--seed"))
    async with suite.api() as api:
        planted = await topics.plant(suite, api, first=FIRST, count=ITEMS)
        started = await topics.start_run(api, planted, concurrency=AT_ONCE)
        pausing = Pausing(api=api, outside=outside, run_id=str(started["id"]))

        run = await pause_again_and_again(pausing, chance, pauses=PAUSES, items=ITEMS)

    asked = topics.asked(outside)
    assert run["stages"][topics.IDEAS - 1]["done"] == ITEMS
    assert Counter({topic: asked[topic] for topic in planted.ids}) == Counter(planted.ids.keys())
    assert pausing.pauses > 0
    assert pausing.states["pausing"] > 0
    assert pausing.begun_while_paused == 0

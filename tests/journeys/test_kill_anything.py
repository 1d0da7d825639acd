"""kill -9 of anything in the middle of a run, a sample of `make chaos ONLY=runs`: it completes, and nothing is lost."""

import asyncio
import random
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chassis.testing.waiting import until
from suite.demo import books
from suite.demo.job import do_main_job
from tests.chaos import runs, settled
from tests.chaos.killing import kill
from tests.journeys.suites import RunningSuite

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

KILLS = 4
KILLS_MET_LEAST = 1
"""So many come before the run has ended; it is a small one. `make chaos` promises that all of its thirty do."""

CROPS = 5
VICTIMS = ("ai-worker", "ai", "billing", "publisher", "nats", "postgres")


async def test_a_run_completes_though_one_after_the_other_is_killed(
    suite: RunningSuite, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(pytestconfig.getoption("--seed"))
    running = asyncio.Event()

    def on_run(run: dict[str, Any]) -> None:
        running.set()

    patient = partial(suite.api, attempts_max=runs.ATTEMPTS_MAX)
    async with patient() as api, patient("operator") as operator:
        keywords = runs.list_of_keywords(tmp_path, crops=CROPS)
        job = asyncio.create_task(do_main_job(api, operator, keywords, say=print, on_run=on_run))
        await running.wait()
        met = 0
        for name in chance.sample(VICTIMS, KILLS):
            # The first one comes at once: however fast the machine is, it meets the run.
            met += not job.done()
            killed = kill(suite, name)
            await until(partial(is_another, suite, name, killed), timeout_seconds=30)
            await asyncio.wait({job}, timeout=runs.EVERY_SECONDS * chance.random())
        outcome = await job

    assert met >= KILLS_MET_LEAST
    assert outcome.run["status"] == "completed"
    assert [stage["failed"] for stage in outcome.run["stages"]] == [0] * 7
    assert {content["site_status"] for content in outcome.content} == {"published"}
    await until(lambda: runs.logs_agree(suite, outcome.run["id"]), timeout_seconds=60)
    used = sum(one.usage_credits for one in books.read(suite.stack.read_only_database_url, outcome.run["id"]))
    assert outcome.balance_before["credits"] - outcome.balance_after["credits"] == used
    await until(lambda: settled.nothing_is_open(suite), timeout_seconds=60)
    assert settled.charged_twice(suite) == []
    await until(lambda: settled.books_hold(suite), timeout_seconds=30)


def is_another(suite: RunningSuite, name: str, killed: int) -> bool:
    """Whether the process was started again."""
    return suite.stack.pids[name] != killed

"""kill -9 of one service in the middle of a run: the run still completes, and the sums still agree."""

import asyncio
import contextlib
import os
import random
import signal
from typing import Any, Final

import pytest

from chassis.testing.waiting import until
from suite.demo import books
from suite.demo.job import do_main_job
from suite.rest import Api
from suite.up import PROGRAMS
from suite.verify.report import verify
from tests.journeys.suites import KEYWORDS, RunningSuite

pytestmark = pytest.mark.journey

CHOSEN: Final = 2
"""So many services are killed in a usual session; `--all-kills` kills each."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = list(PROGRAMS)
    if not metafunc.config.getoption("--all-kills"):
        names = random.Random(metafunc.config.getoption("--seed")).sample(names, CHOSEN)
    metafunc.parametrize("name", names)


async def test_a_run_completes_though_a_service_is_killed(suite: RunningSuite, name: str) -> None:
    pid = suite.stack.pids[name]
    killing: list[asyncio.Task[str]] = []

    def on_run(run: dict[str, Any]) -> None:
        if not killing:
            killing.append(asyncio.create_task(kill_in_the_middle(suite, name, run["id"])))

    async with suite.api() as api, suite.api("operator") as operator:
        outcome = await do_main_job(api, operator, KEYWORDS, say=print, on_run=on_run)

    assert await killing[0] == "running"
    await until(lambda: suite.stack.pids[name] != pid)
    assert outcome.run["status"] == "completed"
    assert [stage["failed"] for stage in outcome.run["stages"]] == [0] * 7
    assert {content["site_status"] for content in outcome.content} == {"published"}
    await until(lambda: logs_agree(suite, outcome.run["id"]), timeout_seconds=30)
    used = sum(one.usage_credits for one in books.read(suite.stack.read_only_database_url, outcome.run["id"]))
    assert outcome.balance_before["credits"] - outcome.balance_after["credits"] == used
    await until(lambda: books_hold(suite), timeout_seconds=30)


async def kill_in_the_middle(suite: RunningSuite, name: str, run_id: str) -> str:
    """Kills it once the first articles are written; returns how the run then was."""
    async with suite.api() as api:
        run = await until(lambda: run_with_articles(api, run_id), timeout_seconds=60)
    with contextlib.suppress(ProcessLookupError):
        os.kill(suite.stack.pids[name], signal.SIGKILL)
    return str(run["status"])


async def run_with_articles(api: Api, run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = (await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]
    articles = run["stages"][3]
    return run if articles["done"] or run["status"] != "running" else None


def logs_agree(suite: RunningSuite, run_id: str) -> bool:
    return all(one.agree for one in books.read(suite.stack.read_only_database_url, run_id))


def books_hold(suite: RunningSuite) -> bool:
    return all(finding.holds for finding in verify(suite.stack.read_only_database_url))

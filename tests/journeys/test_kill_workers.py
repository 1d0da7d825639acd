"""kill -9 of the worker in the middle of its calls, a sample of `make chaos ONLY=ai`: nothing answered is asked again."""

import random

import pytest

from chassis.testing.waiting import until
from suite.demo import books
from suite.demo.job import ENDED
from suite.rest import Api
from tests.chaos import ai, settled, topics
from tests.chaos.killing import WorkerKills, some_moment
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

KILLS = 3
_DONE = """
    SELECT i.label, count(*) AS times, count(DISTINCT u.id) AS charges FROM ai.task_item i
    LEFT JOIN billing.igny8_billing_creditusagelog u ON u.ai_task_id = i.task_id AND u.item_id = i.item_id::text
    WHERE i.status = 'done' AND i.label LIKE 'topic 1%%' GROUP BY i.label"""


async def test_each_item_is_done_and_charged_once_and_asked_for_again_only_where_its_call_died(
    suite: RunningSuite, outside: Outside, pytestconfig: pytest.Config
) -> None:
    chance = random.Random(pytestconfig.getoption("--seed"))
    kills = WorkerKills(suite=suite, outside=outside)
    async with suite.api() as api:
        work = await ai.begin(suite, api, by_hand=4, of_the_run=16, first=1000)

        for _ in range(KILLS):
            await until(lambda: kills.in_flight("ai-worker"), timeout_seconds=60)
            await some_moment(chance, within_seconds=topics.LATENCY_SECONDS)
            kills.kill("ai-worker")
        status = await until(lambda: end_of(api, work.run_id), timeout_seconds=90)
        await until(lambda: settled.nothing_is_open(suite), timeout_seconds=90)

    assert status == "completed"
    assert [(row["times"], row["charges"]) for row in suite.rows(_DONE)] == [(1, 1)] * work.items
    assert kills.repeated_without_a_kill() == {}
    await until(lambda: agree(suite, work.run_id), timeout_seconds=30)
    await until(lambda: settled.books_hold(suite), timeout_seconds=30)


async def end_of(api: Api, run_id: str) -> str | None:
    """The run's final state; None before it."""
    status = str((await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]["status"])
    return status if status in ENDED else None


def agree(suite: RunningSuite, run_id: str) -> bool:
    """Whether the three logs of the run and the ledger do."""
    found = books.read(suite.stack.read_only_database_url, run_id)
    return [one.function_name for one in found if one.agree] == ["generate_ideas"]

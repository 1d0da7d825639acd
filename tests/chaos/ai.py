"""Kills ai workers while they do 200 items, by hand and in a run; a model outside counts what it is asked."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from chassis.testing import until
from suite.demo import books
from suite.rest import Api
from suite.up import PROGRAMS
from tests.chaos import settled, topics
from tests.chaos.campaign import Chaos, Report
from tests.chaos.killing import WorkerKills
from tests.chaos.suites import own_suite
from tests.chaos.topics import LATENCY_SECONDS, Topics
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside, outside_world

KILLS: Final = 50
ITEMS_BY_HAND: Final = 40
ITEMS_OF_THE_RUN: Final = 160
IDS_OF_A_TASK: Final = 2
WORKERS: Final = ("ai-worker", "ai-worker-2", "ai-worker-3")
JOBS_OF_A_WORKER: Final = 3
WAIT_ITEMS_MAX: Final = 8
"""A worker that is at nothing when its turn has come is killed all the same, so much work later."""

SECONDS_MAX: Final = 480.0

_ENDED: Final = "SELECT count(*) AS items FROM ai.task_item WHERE status IN ('done', 'failed')"


def campaign(chaos: Chaos) -> Report:
    """On a suite of its own with three workers."""
    return asyncio.run(_campaign(chaos))


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was begun: tasks by hand on one site, and a run on another."""

    by_hand: Topics
    run_id: str
    items: int


async def begin(suite: RunningSuite, api: Api, *, by_hand: int, of_the_run: int, first: int = 0) -> Work:
    """Begins so many items either way; each is one call of the provider."""
    alone = await topics.plant(suite, api, first=first, count=by_hand)
    together = await topics.plant(suite, api, first=first + by_hand, count=of_the_run)
    ids = list(alone.ids.values())
    for start in range(0, by_hand, IDS_OF_A_TASK):
        await topics.start_task(api, alone, ids[start : start + IDS_OF_A_TASK])
    run = await topics.start_run(api, together, concurrency=len(WORKERS) * JOBS_OF_A_WORKER)
    return Work(by_hand=alone, run_id=str(run["id"]), items=by_hand + of_the_run)


async def _campaign(chaos: Chaos) -> Report:
    async with outside_world() as outside:
        outside.latency_seconds = LATENCY_SECONDS
        outside.writes = topics.one_idea
        environment = topics.environment(outside) | {"IGNY8_AI_WORKER_CONCURRENCY": str(JOBS_OF_A_WORKER)}
        with own_suite(programs=(*PROGRAMS, *WORKERS[1:]), environment=environment) as suite:
            async with suite.api() as api:
                return await _on(chaos, suite, api, outside)


async def _on(chaos: Chaos, suite: RunningSuite, api: Api, outside: Outside) -> Report:
    work = await begin(suite, api, by_hand=ITEMS_BY_HAND, of_the_run=ITEMS_OF_THE_RUN)
    kills = WorkerKills(suite=suite, outside=outside)
    wanted = chaos.rounds or KILLS
    # Spread over the work by what is done of it; when exactly, chance says.
    for after in sorted(chaos.random.randrange(work.items * 9 // 10) for _ in range(wanted)):
        name = chaos.random.choice(WORKERS)
        await until(partial(_may_be_killed, suite, kills, name, after), timeout_seconds=SECONDS_MAX)
        await asyncio.sleep(chaos.random.uniform(0, LATENCY_SECONDS))
        lost = kills.kill(name)
        chaos.say(f"{ended(suite):3} items ended; killed {name} with {lost} calls in flight")
    await until(lambda: settled.nothing_is_open(suite), timeout_seconds=SECONDS_MAX)
    chaos.say("everything has ended")
    run: dict[str, Any] = (await api.get(f"/api/v1/automation/runs/{work.run_id}"))["run"]
    # What does not come to agree is told beside everything else that was found.
    with suppress(AssertionError):
        await until(lambda: _logs_agree(suite, work.run_id), timeout_seconds=30)
    return _report(suite, work, run, kills, outside)


def _report(
    suite: RunningSuite, work: Work, run: dict[str, Any], kills: WorkerKills, outside: Outside
) -> Report:
    report, calls = Report(), topics.asked(outside)
    report.figures = {
        "items": str(work.items),
        "kills of workers": str(kills.done),
        "calls in flight at the kills": str(len(kills.lost)),
        "calls the provider got": str(calls.total()),
        "calls repeated": str(calls.total() - len(calls)),
    }
    done = suite.rows("SELECT count(*) AS items FROM ai.task_item WHERE status = 'done'")[0]["items"]
    failed = suite.rows("SELECT error FROM ai.task_item WHERE status = 'failed'")
    report.promise(
        "Every item completes",
        holds=done == work.items,
        found=f"{done} of {work.items}; {failed or 'none'} failed",
    )
    report.promise("The run completes", holds=run["status"] == "completed", found=run["status"])
    most = work.items + len(kills.lost)
    report.promise(
        "The provider is called at most once an item and once more for each call in flight at a kill",
        holds=calls.total() <= most and not kills.repeated_without_a_kill(),
        found=f"{calls.total()} of at most {most}; {kills.repeated_without_a_kill() or 'none'} without a kill",
    )
    logs = [one for one in _logs(suite, work.run_id) if one.task_logs]
    report.promise("The three logs and the ledger agree", holds=_logs_agree(suite, work.run_id), found=logs)
    settled.promise_all(report, suite)
    return report


def _may_be_killed(suite: RunningSuite, kills: WorkerKills, name: str, after: int) -> bool:
    """Whether so much is done, and the worker is at something, or is the only thing that could be."""
    done = ended(suite)
    return done >= after and (kills.in_flight(name) > 0 or done >= after + WAIT_ITEMS_MAX)


def ended(suite: RunningSuite) -> int:
    """Items that are over."""
    return int(suite.rows(_ENDED)[0]["items"])


def _logs_agree(suite: RunningSuite, run_id: str) -> bool:
    return [one.function_name for one in _logs(suite, run_id) if one.agree] == ["generate_ideas"]


def _logs(suite: RunningSuite, run_id: str) -> list[books.FunctionLogs]:
    return books.read(suite.stack.read_only_database_url, run_id)

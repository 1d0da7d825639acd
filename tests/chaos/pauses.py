"""Pauses a run of 200 items and lets it go on, fifty times at random moments; the provider's calls are counted."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final

from chassis.testing import until
from suite.demo.job import ENDED
from suite.rest import Api, ApiRefused
from suite.up import PROGRAMS
from tests.chaos import settled, topics
from tests.chaos.campaign import Chaos, Report
from tests.chaos.suites import own_suite
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside, outside_world

PAUSES: Final = 50
ITEMS: Final = 200
AT_ONCE: Final = 4
SECONDS_MAX: Final = 300.0


@dataclass(kw_only=True)
class Pausing:
    """A run that is paused and resumed, and what was seen of it."""

    api: Api
    outside: Outside
    run_id: str
    states: Counter[str] = field(default_factory=Counter)
    pauses: int = 0
    begun_while_paused: int = 0

    async def run(self) -> dict[str, Any]:
        """The run as it is now."""
        run: dict[str, Any] = (await self.api.get(self._path))["run"]
        self.states[str(run["status"])] += 1
        return run

    async def once(self, *, rest_seconds: float) -> None:
        """Pauses, looks for the rest whether anything begins, and lets the run go on; unless it has ended already."""
        try:
            asked = await self.api.post(f"{self._path}/pause")
        except ApiRefused as refused:
            if refused.reason != "STATE_CONFLICT":
                raise
            return
        self.pauses += 1
        self.states[str(asked["run"]["status"])] += 1
        await until(partial(self._is, "paused"), timeout_seconds=SECONDS_MAX)
        before = topics.asked(self.outside).total()
        await asyncio.sleep(rest_seconds)
        self.begun_while_paused += topics.asked(self.outside).total() - before
        await self.api.post(f"{self._path}/resume")

    async def wait_until_at_work(self, *, after: int) -> None:
        """Waits until so many items are done and another is being made, so that the run has to wait for it."""
        await until(partial(self._is_at_work, after), timeout_seconds=SECONDS_MAX)

    async def end(self) -> dict[str, Any]:
        """Waits for the end of the run."""
        await until(partial(self._is, "completed"), timeout_seconds=SECONDS_MAX)
        return await self.run()

    async def _is(self, status: str) -> bool:
        return str((await self.run())["status"]) == status

    async def _is_at_work(self, after: int) -> bool:
        run = await self.run()
        done = int(run["stages"][topics.IDEAS - 1]["done"])
        return run["status"] in ENDED or (done >= after and self.outside.at_once > 0)

    @property
    def _path(self) -> str:
        return f"/api/v1/automation/runs/{self.run_id}"


def campaign(chaos: Chaos) -> Report:
    """On a suite of its own."""
    return asyncio.run(_campaign(chaos))


async def pause_again_and_again(
    pausing: Pausing, chance: Random, *, pauses: int, items: int
) -> dict[str, Any]:
    """Spreads so many pauses over the run's items; returns the run when it has ended."""
    for after in sorted(chance.randrange(items * 8 // 10) for _ in range(pauses)):
        await pausing.wait_until_at_work(after=after)
        await pausing.once(rest_seconds=chance.uniform(0, topics.LATENCY_SECONDS))
    return await pausing.end()


async def _campaign(chaos: Chaos) -> Report:
    async with outside_world() as outside:
        outside.latency_seconds = topics.LATENCY_SECONDS
        outside.writes = topics.one_idea
        with own_suite(programs=tuple(PROGRAMS), environment=topics.environment(outside)) as suite:
            async with suite.api() as api:
                return await _on(chaos, suite, api, outside)


async def _on(chaos: Chaos, suite: RunningSuite, api: Api, outside: Outside) -> Report:
    planted = await topics.plant(suite, api, first=0, count=ITEMS)
    started = await topics.start_run(api, planted, concurrency=AT_ONCE)
    pausing = Pausing(api=api, outside=outside, run_id=str(started["id"]))
    pauses = chaos.rounds or PAUSES
    run = await pause_again_and_again(pausing, chaos.random, pauses=pauses, items=ITEMS)
    chaos.say("the run has ended")
    await until(lambda: settled.nothing_is_open(suite), timeout_seconds=SECONDS_MAX)
    calls, report = topics.asked(outside), Report()
    report.figures = {
        "items": str(ITEMS),
        "pauses": f"{pausing.pauses} of {pauses}",
        "calls the provider got": str(calls.total()),
    }
    report.promise("It was paused so often", holds=pausing.pauses == pauses, found=pausing.pauses)
    done = run["stages"][topics.IDEAS - 1]["done"]
    report.promise("Every item is done", holds=done == ITEMS, found=done)
    report.promise(
        "The provider is called once for each item",
        holds=len(calls) == calls.total() == ITEMS,
        found=f"{calls.total()} calls about {len(calls)} items",
    )
    report.promise(
        "The run is seen to be pausing", holds=pausing.states["pausing"] > 0, found=dict(pausing.states)
    )
    report.promise(
        "Nothing begins while it is paused",
        holds=pausing.begun_while_paused == 0,
        found=pausing.begun_while_paused,
    )
    settled.promise_all(report, suite)
    return report

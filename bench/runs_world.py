"""What the benchmarks of runs share: a suite with workers of their own, sites that publish by themselves, and a run."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench import embedded
from chassis.ids import new_id
from suite.rest import Api
from tests.journeys.suites import RunningSuite

LATENCY_SECONDS: Final = 0.5
STAGE_CONCURRENCY: Final = 64


@contextmanager
def suite_with_workers(settings: Mapping[str, str], *, workers: int) -> Iterator[tuple[RunningSuite, Path]]:
    """The suite with workers of the benchmark (`bench.worker`), and the log of their calls."""
    with tempfile.NamedTemporaryFile(prefix="igny8-bench-calls-") as log:
        environment = {
            "IGNY8_BENCH_LATENCY_SECONDS": str(LATENCY_SECONDS),
            "IGNY8_BENCH_CALLS_LOG": log.name,
            **settings,
        }
        with embedded.suite(environment, module="bench.up", arguments=(str(workers),)) as suite:
            yield suite, Path(log.name)


async def new_site(api: Api, *, stages: Collection[int]) -> str:
    """The path of a site that does these stages, and publishes by itself and at once."""
    site = (await api.post("/api/v1/sites", {"name": "Bench"}, key=new_id()))["site"]
    path = f"/api/v1/sites/{site['id']}"
    config = await api.get(f"{path}/automation/config")
    for stage in config["stages"]:
        stage |= {"enabled": stage["stage"] in stages, "concurrency": STAGE_CONCURRENCY}
    await api.put(f"{path}/automation/config", config)
    publishing = await api.get(f"{path}/publishing-settings")
    publishing |= {"auto_approve_content": True, "auto_schedule": True, "mode": "immediate"}
    publishing |= dict.fromkeys(("daily_limit", "weekly_limit", "monthly_limit"))
    await api.put(f"{path}/publishing-settings", publishing)
    return path


async def completed_run(suite: RunningSuite, api: Api, site: str) -> str:
    """The id of a run of the site, from asking for it to its end."""
    run_id: str = (await api.post(f"{site}/automation/runs", key=new_id()))["run"]["id"]
    await embedded.until(
        suite, "SELECT status <> 'running' FROM ai.automation_run WHERE id = %(id)s", id=run_id
    )
    run = (await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]
    assert run["status"] == "completed", run
    return run_id

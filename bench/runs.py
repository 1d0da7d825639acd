"""How fast runs are: beside the least time possible, beside a wall between stages, with more workers, with more items."""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from igny8.publisher import v1 as publisher

from bench import embedded, planner
from bench.critical_path import least_seconds
from bench.result import Result
from chassis.ids import new_id
from suite.rest import Api
from tests.journeys.suites import RunningSuite

KEYWORDS: Final = Path(__file__).parents[1] / "examples" / "keywords.csv"
KEYWORDS_OF_A_RUN: Final = 60
LATENCY_SECONDS: Final = 0.5
SLOTS: Final = 16
WORKERS: Final = (1, 2, 4)
SLOTS_OF_A_WORKER: Final = 4
CLUSTERS: Final = 160
CHAIN: Final = (
    "cluster_keywords",
    "generate_ideas",
    "generate_content_outline",
    "generate_content_sections",
    "generate_content_description",
    "generate_image_prompts",
    "generate_images",
)
"""The calls that lead to an article, by the names in the log of calls; what is no call takes no time of the bound.

Parts of an article follow each other and count as one link of the chain: the bound is then rather too low."""

IDEAS: Final = 2


def results(say: Callable[[str], None]) -> list[Result]:
    """One run of each kind after the other."""
    flowing, bound = makespan(say, keywords=KEYWORDS_OF_A_RUN, wall=False)
    walled, _ = makespan(say, keywords=KEYWORDS_OF_A_RUN, wall=True)
    rates = {workers: items_a_second(say, workers=workers, items=CLUSTERS) for workers in WORKERS}
    one, two, four = (rates[workers] for workers in WORKERS)
    small, large = planner.seconds_an_item(say)
    return [
        Result(
            name=f"{KEYWORDS_OF_A_RUN} keywords to published, by the critical path",
            unit="times",
            ours=flowing / bound,
            runs=(flowing / bound,),
            peer="the critical path, s",
            peer_value=bound,
            ceiling=1.25,
        ),
        Result(
            name="with a wall between stages, by ours",
            unit="times",
            ours=walled / flowing,
            runs=(walled / flowing,),
            peer="ours, s",
            peer_value=flowing,
            floor=2.0,
        ),
        Result(
            name="2 workers, by 1",
            unit="times",
            ours=two / one,
            runs=(two / one,),
            peer="1 worker, items a second",
            peer_value=one,
            floor=1.8,
        ),
        Result(
            name="4 workers, by 1",
            unit="times",
            ours=four / one,
            runs=(four / one,),
            peer="1 worker, items a second",
            peer_value=one,
            floor=3.4,
        ),
        Result(
            name=f"planning an item of {planner.LARGE:,}, by one of {planner.SMALL}",
            unit="times",
            ours=large / small,
            runs=(large / small,),
            peer=f"one of {planner.SMALL}, s",
            peer_value=small,
            ceiling=1.3,
        ),
    ]


def makespan(say: Callable[[str], None], *, keywords: int, wall: bool) -> tuple[float, float]:
    """Seconds from the start of a run until its last article is published, and the least they could be."""
    # Every slot of the provider can be used by one stage alone, and a walled item waits without taking one.
    settings = {
        "IGNY8_WORKER_CONCURRENCY": "128",
        "IGNY8_BENCH_CALLS_AT_ONCE": str(SLOTS),
        "IGNY8_BENCH_WALL": str(wall),
    }
    with _suite(settings, workers=1) as (suite, log):
        seconds = asyncio.run(_to_published(suite, keywords=keywords))
        counted = Counter(json.loads(line)["name"] for line in log.read_text().splitlines())
    assert counted.keys() <= set(CHAIN), "the bound knows every call"
    calls = [counted[name] for name in CHAIN]
    bound = least_seconds(calls, latency_seconds=LATENCY_SECONDS, slots=SLOTS)
    say(f"{'with a wall' if wall else 'flowing'}: {seconds:.2f} s; {calls} calls take {bound:.2f} s at least")
    return seconds, bound


def items_a_second(say: Callable[[str], None], *, workers: int, items: int) -> float:
    """The rate at which so many workers do items of one call each."""
    settings = {
        "IGNY8_WORKER_CONCURRENCY": str(SLOTS_OF_A_WORKER),
        "IGNY8_BENCH_CALLS_AT_ONCE": str(SLOTS_OF_A_WORKER),
    }
    with _suite(settings, workers=workers) as (suite, _):
        rate = items / asyncio.run(_ideas(suite, items=items))
    ideal = workers * SLOTS_OF_A_WORKER / LATENCY_SECONDS
    say(f"{workers} workers: {rate:.1f} items a second of {ideal:g}")
    return rate


@contextmanager
def _suite(settings: Mapping[str, str], *, workers: int) -> Iterator[tuple[RunningSuite, Path]]:
    """The suite with workers of the benchmark, and the log of their calls."""
    with tempfile.NamedTemporaryFile(prefix="igny8-bench-calls-") as log:
        environment = {
            "IGNY8_BENCH_LATENCY_SECONDS": str(LATENCY_SECONDS),
            "IGNY8_BENCH_CALLS_LOG": log.name,
            **settings,
        }
        with embedded.suite(environment, module="bench.up", arguments=(str(workers),)) as suite:
            yield suite, Path(log.name)


async def _to_published(suite: RunningSuite, *, keywords: int) -> float:
    async with embedded.account(suite) as (api, _):
        site = await _site(api, stages=range(1, 8))
        lines = KEYWORDS.read_text().splitlines()[: keywords + 1]
        await api.upload(f"{site}/keywords/import", "\n".join(lines).encode(), "text/csv")
        began = time.perf_counter()
        run_id = await _done(suite, api, site)
        await embedded.until(
            suite,
            "SELECT bool_and(site_status = 'published') FROM publisher.content WHERE run_id = %(id)s",
            id=run_id,
        )
        return time.perf_counter() - began


async def _ideas(suite: RunningSuite, *, items: int) -> float:
    """Seconds for the ideas of so many clusters, an item and a call each."""
    async with embedded.account(suite) as (api, account_id):
        site = await _site(api, stages=[IDEAS])
        words = "\n".join(["keyword", *(f"compost {number}" for number in range(items))])
        await api.upload(f"{site}/keywords/import", words.encode(), "text/csv")
        keywords = await api.all(f"{site}/keywords", "keywords")
        drafts = [
            publisher.ClusterDraft(name=f"Cluster {word['keyword']}", keyword_ids=[word["id"]])
            for word in keywords
        ]
        async with embedded.as_ai(suite, account_id, publisher.PipelineServiceStub) as pipeline:
            await pipeline.SaveClusters(
                publisher.SaveClustersRequest(
                    request_id=new_id(), site_id=site.rpartition("/")[2], clusters=drafts
                )
            )
        began = time.perf_counter()
        await _done(suite, api, site)
        return time.perf_counter() - began


async def _site(api: Api, *, stages: Any) -> str:
    """The path of a site that does these stages, and publishes by itself and at once."""
    site = (await api.post("/api/v1/sites", {"name": "Bench"}, key=new_id()))["site"]
    path = f"/api/v1/sites/{site['id']}"
    config = await api.get(f"{path}/automation/config")
    for stage in config["stages"]:
        stage |= {"enabled": stage["stage"] in stages, "concurrency": 64}
    await api.put(f"{path}/automation/config", config)
    publishing = await api.get(f"{path}/publishing-settings")
    publishing |= {"auto_approve_content": True, "auto_schedule": True, "mode": "immediate"}
    publishing |= dict.fromkeys(("daily_limit", "weekly_limit", "monthly_limit"))
    await api.put(f"{path}/publishing-settings", publishing)
    return path


async def _done(suite: RunningSuite, api: Api, site: str) -> str:
    """The id of a run, from its start to its end."""
    run_id: str = (await api.post(f"{site}/automation/runs", key=new_id()))["run"]["id"]
    await embedded.until(
        suite, "SELECT status <> 'running' FROM ai.automation_run WHERE id = %(id)s", id=run_id
    )
    run = (await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]
    assert run["status"] == "completed", run
    return run_id

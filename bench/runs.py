"""How fast runs are: beside the least time possible, beside a wall between stages, with more workers, with more items."""

import asyncio
import time
from collections.abc import Callable
from statistics import median
from typing import Final

from igny8.publisher import v1 as publisher

from bench import embedded, planner
from bench.makespan import KEYWORDS, SLOW_CALL_SECONDS, makespans
from bench.result import Result
from bench.runs_world import LATENCY_SECONDS, completed_run, new_site, suite_with_workers
from chassis.ids import new_id
from tests.journeys.suites import RunningSuite

ROUNDS: Final = 3
SLOTS_OF_A_WORKER: Final = 4
ITEMS_BY_SLOTS: Final = 3
"""Items in work by slot, a slot being a call that the worker may have at its model: while one item's call is made, others
are begun, saved and charged, as it is with the items of one execution (`ITEMS_BY_CALLS`)."""

CLUSTERS: Final = 160
IDEAS: Final = 2


def results(say: Callable[[str], None]) -> list[Result]:
    """Medians of some rounds each."""
    small, large = planner.seconds_an_item(say)
    return [
        *_of_time(say),
        *_of_workers(say),
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


def _of_time(say: Callable[[str], None]) -> list[Result]:
    flowing, walled, slow_flowing, slow_walled = (
        makespans(say, runs=ROUNDS, wall=wall, slow_calls=slow_calls)
        for slow_calls in (False, True)
        for wall in (False, True)
    )
    by_bound = tuple(one.seconds / one.least for one in flowing)
    by_wall = tuple(wall.seconds / one.seconds for wall, one in zip(walled, flowing, strict=True))
    by_slow_wall = tuple(
        wall.seconds / one.seconds for wall, one in zip(slow_walled, slow_flowing, strict=True)
    )
    return [
        Result(
            name=f"{KEYWORDS} keywords to published, by the critical path",
            unit="times",
            ours=median(by_bound),
            runs=by_bound,
            peer="the critical path, s",
            peer_value=flowing[0].least,
            ceiling=1.25,
        ),
        Result(
            name=f"with a wall between stages, by ours, one call of each kind taking {SLOW_CALL_SECONDS:g} s",
            unit="times",
            ours=median(by_slow_wall),
            runs=by_slow_wall,
            peer="ours, s",
            peer_value=median(one.seconds for one in slow_flowing),
            floor=2.0,
        ),
        Result(
            name=f"with a wall between stages, by ours, all calls taking {LATENCY_SECONDS:g} s",
            unit="times",
            ours=median(by_wall),
            runs=by_wall,
            peer="the most that it can be",
            peer_value=flowing[0].least_with_walls / flowing[0].least,
        ),
    ]


def _of_workers(say: Callable[[str], None]) -> list[Result]:
    one, two, four = (items_a_second(say, workers=workers) for workers in (1, 2, 4))
    return [
        Result(
            name=f"{number} workers, by 1",
            unit="times",
            ours=median(rates) / median(one),
            runs=tuple(rate / median(one) for rate in rates),
            peer="1 worker, items a second",
            peer_value=median(one),
            floor=floor,
        )
        for number, rates, floor in ((2, two, 1.8), (4, four, 3.4))
    ]


def items_a_second(
    say: Callable[[str], None], *, workers: int, runs: int = ROUNDS, items: int = CLUSTERS
) -> list[float]:
    """The rates at which so many workers do items of one call each."""
    settings = {
        "IGNY8_WORKER_CONCURRENCY": str(ITEMS_BY_SLOTS * SLOTS_OF_A_WORKER),
        "IGNY8_BENCH_CALLS_AT_ONCE": str(SLOTS_OF_A_WORKER),
    }
    with suite_with_workers(settings, workers=workers) as (suite, _):
        rates = [items / asyncio.run(_ideas(suite, items=items)) for _ in range(runs)]
    ideal = workers * SLOTS_OF_A_WORKER / LATENCY_SECONDS
    say(f"{workers} workers: {', '.join(f'{rate:.1f}' for rate in rates)} items a second of {ideal:g}")
    return rates


async def _ideas(suite: RunningSuite, *, items: int) -> float:
    """Seconds for the ideas of so many clusters, an item and a call each."""
    async with embedded.account(suite) as (api, account_id):
        site = await new_site(api, stages=[IDEAS])
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
        await completed_run(suite, api, site)
        return time.perf_counter() - began

"""How long a run takes from keywords to published articles: flowing or with a wall between stages, models regular or not."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import embedded
from bench.critical_path import least_seconds, least_seconds_with_walls
from bench.runs_world import LATENCY_SECONDS, completed_run, new_site, suite_with_workers
from tests.journeys.suites import RunningSuite

KEYWORDS_FILE: Final = Path(__file__).parents[1] / "examples" / "keywords.csv"
KEYWORDS: Final = 60
SLOTS: Final = 16
SLOW_CALL_SECONDS: Final = 10 * LATENCY_SECONDS
STAGES: Final = (
    ("cluster_keywords",),
    ("generate_ideas",),
    ("generate_content_outline", "generate_content_sections", "generate_content_description"),
    ("generate_image_prompts",),
    ("generate_images",),
)
"""The calls that lead to an article, by the names in the log of calls and by the stage; what is no call takes no time
of the bound.

Parts of an article follow each other and count as one link of the chain: the bound is then rather too low."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makespan:
    """One run."""

    seconds: float
    """From asking for it until its last article is on the site."""
    calls: tuple[tuple[int, ...], ...]
    """How many calls it made, by stage and kind."""

    @property
    def least(self) -> float:
        """The seconds that its calls take at least, were they all equally long."""
        chain = [count for stage in self.calls for count in stage]
        return least_seconds(chain, latency_seconds=LATENCY_SECONDS, slots=SLOTS)

    @property
    def least_with_walls(self) -> float:
        """The same with a wall between stages."""
        return least_seconds_with_walls(self.calls, latency_seconds=LATENCY_SECONDS, slots=SLOTS)


def makespans(say: Callable[[str], None], *, runs: int, wall: bool, slow_calls: bool) -> list[Makespan]:
    """So many runs after each other, each of a site of its own, after one that warms the processes up; see `bench.worker`
    for what the switches do."""
    # Every slot of the provider can be used by one stage alone, and a walled item waits without taking one.
    settings = {
        "IGNY8_WORKER_CONCURRENCY": "128",
        "IGNY8_BENCH_CALLS_AT_ONCE": str(SLOTS),
        "IGNY8_BENCH_WALL": str(wall),
        "IGNY8_BENCH_SLOW_CALL_SECONDS": str(SLOW_CALL_SECONDS if slow_calls else 0.0),
    }
    made: list[Makespan] = []
    with suite_with_workers(settings, workers=1) as (suite, log):
        asyncio.run(_to_published(suite))
        for _ in range(runs):
            log.write_bytes(b"")
            seconds = asyncio.run(_to_published(suite))
            one = Makespan(seconds=seconds, calls=_calls(log))
            say(
                f"{'with a wall' if wall else 'flowing'}{', slow calls' if slow_calls else ''}: {seconds:.2f} s; "
                f"calls {one.calls}, regular ones take {one.least:.2f} s at least, with walls "
                f"{one.least_with_walls:.2f} s"
            )
            made.append(one)
    return made


def _calls(log: Path) -> tuple[tuple[int, ...], ...]:
    counted = Counter(json.loads(line)["name"] for line in log.read_text().splitlines())
    assert counted.keys() <= {name for stage in STAGES for name in stage}, "the bound knows every call"
    return tuple(tuple(counted[name] for name in stage) for stage in STAGES)


async def _to_published(suite: RunningSuite) -> float:
    async with embedded.account(suite) as (api, _):
        site = await new_site(api, stages=range(1, 8))
        lines = KEYWORDS_FILE.read_text().splitlines()[: KEYWORDS + 1]
        await api.upload(f"{site}/keywords/import", "\n".join(lines).encode(), "text/csv")
        began = time.perf_counter()
        run_id = await completed_run(suite, api, site)
        await embedded.until(
            suite,
            "SELECT bool_and(site_status = 'published') FROM publisher.content WHERE run_id = %(id)s",
            id=run_id,
        )
        return time.perf_counter() - began

"""The publisher: its calendar, its statistics, its search for a slot, how late it starts, and keyword files."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import grpc
from igny8.publisher import v1 as publisher

from bench.cpu import seconds_by_process
from bench.publisher_delay import SLOW_TARGET_ALLOWED, start_delays
from bench.publisher_world import KEYWORDS, LARGE, SCHEDULED, SMALL, Place, copied, furnish, keyword_file
from bench.result import Result
from chassis.identity import Keyring, TokenIssuer
from chassis.testing.callers import person
from suite import secrets
from tests.chaos.suites import RATE_LIMITS_OFF
from tests.journeys.suites import RunningSuite, running

ROUNDS: Final = 5
CALLS: Final = 20
IMPORTS: Final = 3

Call = Callable[[str], Awaitable[Any]]
"""A call about a site, by its id."""


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """Milliseconds of a call: in the middle, and of the publisher's processors."""

    wall: float
    processor: float


def results(say: Callable[[str], None]) -> list[Result]:
    """Of a suite of its own. Sites of both sizes are asked in turns."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-bench-"))
    # Root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    try:
        with running(outer / "data", environment=RATE_LIMITS_OFF | SLOW_TARGET_ALLOWED) as suite:
            place = asyncio.run(furnish(suite, say))
            return [
                *asyncio.run(_reads(suite, place, say)),
                *asyncio.run(start_delays(suite, say)),
                *asyncio.run(_imports(suite, place, say)),
            ]
    finally:
        shutil.rmtree(outer)


async def _reads(suite: RunningSuite, place: Place, say: Callable[[str], None]) -> list[Result]:
    keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
    token = TokenIssuer(keyring, "billing").issue(person(account_id=place.account_id))
    options: dict[str, Any] = {"metadata": (("authorization", f"Bearer {token}"),), "timeout": 10}
    async with grpc.aio.insecure_channel(suite.stack.grpc["publisher"]) as channel:
        calendar: Any = publisher.CalendarServiceStub(channel)
        writer: Any = publisher.WriterServiceStub(channel)

        async def get_calendar(site_id: str) -> Any:
            return await calendar.GetCalendar(publisher.GetCalendarRequest(site_id=site_id), **options)

        async def get_stats(site_id: str) -> Any:
            return await writer.GetWorkflowStats(
                publisher.GetWorkflowStatsRequest(site_id=site_id), **options
            )

        async def next_slot(site_id: str) -> Any:
            return await calendar.PreviewSchedule(
                publisher.PreviewScheduleRequest(site_id=site_id, count=1), **options
            )

        shown = (await get_calendar(place.large)).calendar
        assert len(shown.entries) == len((await get_calendar(place.small)).calendar.entries) == 1_000
        found = []
        for name, call, ceiling in (
            ("calendar of 1,000 entries", get_calendar, 40.0),
            ("statistics", get_stats, 5.0),
        ):
            small, large = await _in_turns(suite, call, place.small, place.large)
            say(_said(f"{name}, {SMALL:,} contents", small))
            say(_said(f"{name}, {LARGE:,} contents", large))
            found += _grown(name, small, large, ceiling)
        (full,) = await _in_turns(suite, next_slot, place.full)
        say(_said(f"next slot behind {SCHEDULED:,}", full))
    return [*found, _figure(f"next slot behind {SCHEDULED:,} scheduled", full, 10.0)]


async def _in_turns(suite: RunningSuite, call: Call, *site_ids: str) -> list[list[_Taken]]:
    """A round of calls about each site after the other, again and again; the first round is not counted."""
    taken: list[list[_Taken]] = [[] for _ in site_ids]
    pid = {"publisher": suite.stack.pids["publisher"]}
    for number in range(ROUNDS + 1):
        for which, site_id in enumerate(site_ids):
            before, walls = seconds_by_process(pid)["publisher"], []
            for _ in range(CALLS):
                began = time.perf_counter()
                await call(site_id)
                walls.append(1000 * (time.perf_counter() - began))
            spent = 1000 * (seconds_by_process(pid)["publisher"] - before) / CALLS
            if number:
                taken[which].append(_Taken(wall=median(walls), processor=spent))
    return taken


def _said(name: str, taken: list[_Taken]) -> str:
    return (
        f"{name}: {median(each.wall for each in taken):.1f} ms,"
        f" {median(each.processor for each in taken):.1f} ms of processor time"
    )


def _grown(name: str, small: list[_Taken], large: list[_Taken], ceiling: float) -> list[Result]:
    ratios = tuple(there.wall / here.wall for here, there in zip(small, large, strict=True))
    return [
        _figure(f"{name}, {LARGE:,} contents", large, ceiling),
        Result(
            name=f"{name}, {LARGE:,} contents against {SMALL:,}",
            unit="times",
            ours=median(ratios),
            runs=ratios,
            ceiling=1.5,
        ),
    ]


def _figure(name: str, taken: list[_Taken], ceiling: float) -> Result:
    walls = tuple(each.wall for each in taken)
    return Result(name=name, unit="ms", ours=median(walls), runs=walls, ceiling=ceiling)


async def _imports(suite: RunningSuite, place: Place, say: Callable[[str], None]) -> list[Result]:
    """Files through the gateway, each followed by a COPY of the rows that came of it."""
    ours: list[float] = []
    theirs: list[float] = []
    async with suite.api() as api:
        for number in range(IMPORTS):
            site = (await api.post("/api/v1/sites", {"name": f"Import {number}"}))["site"]["id"]
            beside = (await api.post("/api/v1/sites", {"name": f"Copy {number}"}))["site"]["id"]
            file = keyword_file(number)
            began = time.perf_counter()
            counts = await api.upload(f"/api/v1/sites/{site}/keywords/import", file, "text/csv")
            ours.append(KEYWORDS / (time.perf_counter() - began))
            assert counts["imported"] == KEYWORDS, counts
            theirs.append(KEYWORDS / copied(suite, site, beside))
            say(f"import {ours[-1]:,.0f} rows a second, COPY {theirs[-1]:,.0f}")
    ratios = tuple(here / there for here, there in zip(ours, theirs, strict=True))
    return [
        Result(
            name=f"keywords of a file of {KEYWORDS:,}",
            unit="a second",
            ours=median(ours),
            runs=tuple(ours),
            peer="COPY of the same rows into the same table",
            peer_value=median(theirs),
        ),
        Result(
            name="keywords of a file, against COPY",
            unit="times",
            ours=median(ratios),
            runs=ratios,
            floor=0.4,
        ),
    ]

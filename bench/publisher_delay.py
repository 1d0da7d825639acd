"""How late publications start when many are due at one instant, beside a target that never answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from bench.gateway_world import as_owner
from bench.publisher_world import fill
from bench.result import Result
from chassis.testing.waiting import until
from tests.journeys.suites import RunningSuite

SITES: Final = 20
EACH: Final = 5
HELD_UP: Final = 40
ROUNDS: Final = 3
AHEAD_SECONDS: Final = 5.0

SLOW_TARGET_ALLOWED: Final = {"IGNY8_ALLOW_PRIVATE_ADDRESSES": "true"}


async def start_delay(suite: RunningSuite, say: Callable[[str], None]) -> Result:
    """The 95th percentile of 100 delays, of sites that are shown by the suite itself, each until it was published.

    That is a little more than until it was started.
    """
    runs = []
    async with _never_answers() as url:
        for number in range(ROUNDS):
            runs.append(await _round(suite, url, number))
            say(f"95 % of {SITES * EACH} due at one instant were published within {runs[-1]:.2f} s")
    return Result(
        name=f"{SITES * EACH} due at one instant beside a slow target, 95th percentile of the delay",
        unit="s",
        ours=median(runs),
        runs=tuple(runs),
        ceiling=5.0,
    )


async def _round(suite: RunningSuite, url: str, number: int) -> float:
    async with suite.api() as api:
        account_id = (await api.get("/api/v1/auth/me"))["account"]["id"]
        names = [f"Due {number}-{which}" for which in range(SITES + 1)]
        slow, *others = [(await api.post("/api/v1/sites", {"name": name}))["site"]["id"] for name in names]
        await api.put(f"/api/v1/sites/{slow}/connection", {"target": "webhook", "url": url})
    due = datetime.now(UTC) + timedelta(seconds=AHEAD_SECONDS)
    with as_owner(suite) as cursor:
        fill(cursor, account_id, slow, _at(due - timedelta(seconds=1), HELD_UP))
        for site_id in others:
            fill(cursor, account_id, site_id, _at(due, EACH))

    def delays() -> list[float]:
        rows = suite.rows(
            "SELECT extract(epoch FROM published_at - calendar_at)::float8 AS seconds FROM publisher.content"
            " WHERE site_id = ANY(%(sites)s::uuid[]) AND site_status = 'published'",
            sites=others,
        )
        return sorted(row["seconds"] for row in rows) if len(rows) == SITES * EACH else []

    found = await until(delays, timeout_seconds=60)
    return float(found[int(len(found) * 0.95) - 1])


def _at(instant: datetime, count: int) -> list[datetime]:
    """As near as slots are."""
    return [instant + timedelta(microseconds=number) for number in range(count)]


@asynccontextmanager
async def _never_answers() -> AsyncIterator[str]:
    """The address of a server that takes requests and leaves them."""

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.CancelledError, ConnectionError):
            while await reader.read(65_536):
                pass
        writer.close()

    server = await asyncio.start_server(leave, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    finally:
        server.close()

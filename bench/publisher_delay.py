"""How late publications start when many are due at one instant, beside a target that never answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
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
COUNT: Final = SITES * EACH
HELD_UP: Final = 40
ROUNDS: Final = 3
AHEAD_SECONDS: Final = 5.0

SLOW_TARGET_ALLOWED: Final = {"IGNY8_ALLOW_PRIVATE_ADDRESSES": "true"}


async def start_delays(suite: RunningSuite, say: Callable[[str], None]) -> list[Result]:
    """The 95th percentiles of 100 delays, of sites that are shown by the suite itself: until the publisher took them up,
    and until they were published."""
    taken_up, arrived = [], []
    async with _never_answers() as url:
        for number in range(ROUNDS):
            started, published = await _round(suite, url, number)
            say(
                f"95 % of {COUNT} due at one instant: taken up {started:.2f} s, published {published:.2f} s late"
            )
            taken_up.append(started)
            arrived.append(published)
    said = f"{COUNT} due at one instant beside a slow target, 95th percentile of the delay"
    return [
        Result(
            name=f"{said} of the start", unit="s", ours=median(taken_up), runs=tuple(taken_up), ceiling=5.0
        ),
        Result(name=f"{said} of the publication", unit="s", ours=median(arrived), runs=tuple(arrived)),
    ]


async def _round(suite: RunningSuite, url: str, number: int) -> tuple[float, float]:
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

    def delays() -> list[dict[str, float]]:
        # A publication is made by the publisher that takes content up at its time.
        rows = suite.rows(
            "SELECT extract(epoch FROM p.created_at - c.calendar_at)::float8 AS started,"
            " extract(epoch FROM c.published_at - c.calendar_at)::float8 AS published"
            " FROM publisher.content c JOIN publisher.publication p ON p.content_id = c.id"
            " WHERE c.site_id = ANY(%(sites)s::uuid[]) AND c.site_status = 'published'",
            sites=others,
        )
        return rows if len(rows) == COUNT else []

    found = await until(delays, timeout_seconds=120)
    return _percentile_95(row["started"] for row in found), _percentile_95(row["published"] for row in found)


def _percentile_95(delays: Iterable[float]) -> float:
    ordered = sorted(delays)
    return ordered[len(ordered) * 95 // 100 - 1]


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

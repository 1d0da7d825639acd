"""Articles on their way to a real WordPress, broken at every request, and the publisher killed at each."""

import asyncio
from typing import Final

from tests.chaos.campaign import Chaos, Report
from tests.kit.databases import EMBEDDED, SessionDatabase, serving
from tests.kit.streams import SessionNats
from tests.wordpress.campaign import judge, press
from tests.wordpress.running import RunningWordPress, running_wordpress

RUNS: Final = 300
LANES: Final = 10


def campaign(chaos: Chaos) -> Report:
    """On a database, a NATS and a WordPress of its own."""
    with serving(EMBEDDED) as admin_dsn, SessionNats() as nats, running_wordpress() as wordpress:
        database = SessionDatabase(admin_dsn, kind=EMBEDDED)
        try:
            return asyncio.run(_campaign(chaos, database, nats, wordpress))
        finally:
            database.close()


async def _campaign(
    chaos: Chaos, database: SessionDatabase, nats: SessionNats, wordpress: RunningWordPress
) -> Report:
    report = Report()
    async with press(chaos, database=database, nats=nats, wordpress=wordpress, width=LANES) as running:
        await running.campaign(chaos.rounds or RUNS)
        await judge(running, report)
    return report

"""A sample of the campaign: every article is there once, whatever broke on the way, and whenever its publisher died."""

import pytest

from tests.chaos.campaign import Chaos, Report
from tests.kit.databases import SessionDatabase
from tests.kit.streams import SessionNats
from tests.wordpress.campaign import judge, press
from tests.wordpress.running import RunningWordPress

LANES = 6
RUNS = 6


@pytest.mark.timeout(240)
async def test_each_article_is_there_once_after_faults_and_kills(
    pytestconfig: pytest.Config,
    database: SessionDatabase,
    nats_server: SessionNats,
    wordpress: RunningWordPress,
) -> None:
    chaos, report = Chaos(seed=pytestconfig.getoption("--seed"), rounds=None, write=print), Report()

    async with press(chaos, database=database, nats=nats_server, wordpress=wordpress, width=LANES) as running:
        await running.campaign(RUNS)
        await judge(running, report)

    assert report.broken == []

"""Four processes schedule, move, shift and approve at the same time: no limit is exceeded and no slot is used twice."""

import json
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.publisher.domain.content import SiteStatus
from services.publisher.domain.local_time import LocalClock
from services.publisher.domain.schedule.limits import Counts, month_of, week_of
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction
from tests.kit.databases import SessionDatabase
from tests.publisher.newsroom import Newsroom

PROCESSES = 4
CONTENTS = 40
CALLS = 1_000


def test_calls_of_four_processes_keep_every_limit_and_use_no_slot_twice(
    newsroom: Newsroom, database: SessionDatabase
) -> None:
    site = newsroom.site(
        time_zone="Europe/Rome", daily_limit=2, weekly_limit=6, monthly_limit=14, auto_schedule=True
    )
    contents = [newsroom.in_review(site) for _ in range(CONTENTS)]
    for content in contents[::2]:
        newsroom.approve(content)
    job = {
        "dsn": database.dsn("publisher"),
        "site_id": site.id,
        "account_id": site.account_id,
        "content_ids": [content.id for content in contents],
        "now": newsroom.clock.now().isoformat(),
        "calls": CALLS // PROCESSES,
    }

    ends = _all_at_once([job | {"seed": seed} for seed in range(PROCESSES)])

    planned = _planned(newsroom, site)
    counted = Counts.of(LocalClock(ZoneInfo("Europe/Rome")), planned)
    assert sum(ends.values()) == CALLS
    assert ends["schedule"] + ends["move"] + ends["approve_content"] > 0, ends
    assert ends["refused: STATE_CONFLICT"] > 0, "the limits were never reached"
    assert len(planned) == len(set(planned)), "a slot was used twice"
    assert max(counted.days.values()) <= 2
    assert max(counted.weeks.values()) <= 6
    assert max(counted.months.values()) <= 14
    assert _as_counted_by_hand(newsroom, site) == (counted.days, counted.weeks, counted.months)


def _all_at_once(jobs: list[dict[str, Any]]) -> Counter[str]:
    command = [sys.executable, "-m", "tests.publisher.calendar_client"]
    running = [
        subprocess.Popen([*command, json.dumps(job)], stdout=subprocess.PIPE, text=True) for job in jobs
    ]
    ends: Counter[str] = Counter()
    for process in running:
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        ends.update(json.loads(printed.splitlines()[-1]))
    return ends


def _planned(newsroom: Newsroom, site: Site) -> list[datetime]:
    def read(tx: PublisherTransaction) -> list[datetime]:
        found = tx.calendar.lock_scheduled(site.id, limit=CONTENTS)
        assert {content.site_status for content in found} <= {SiteStatus.SCHEDULED}
        return [content.scheduled_publish_at for content in found if content.scheduled_publish_at]

    return newsroom.transactions.run_sync(read)


def _as_counted_by_hand(newsroom: Newsroom, site: Site) -> tuple[Counter[date], Counter[date], Counter[date]]:
    """The same by PostgreSQL's own clock rules."""
    with newsroom.engine.connect() as connection:
        days = connection.exec_driver_sql(
            "SELECT (scheduled_publish_at AT TIME ZONE 'Europe/Rome')::date FROM content"
            f" WHERE site_id = '{site.id}' AND site_status = 'scheduled'"
        ).scalars()
        local = list(days)
    return Counter(local), Counter(map(week_of, local)), Counter(map(month_of, local))

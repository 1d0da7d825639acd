"""Four processes schedule, move, shift, approve and publish at once: no limit is exceeded and no slot is used twice."""

import json
import subprocess
import sys
from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.publisher.domain.local_time import LocalClock
from services.publisher.domain.schedule.limits import Counts, month_of, week_of
from services.publisher.domain.site import Site
from services.publisher.store.transaction import PublisherTransaction
from tests.kit.databases import SessionDatabase
from tests.publisher.bookings import faults
from tests.publisher.newsroom import Newsroom

PROCESSES = 4
CONTENTS = 24
CALLS = 1_000
DONE = (
    "approve_content",
    "schedule",
    "move",
    "unschedule",
    "shift",
    "publish",
    "deliver",
    "confirm_delivery",
)


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

    places = _places(newsroom, site)
    counted = Counts.of(LocalClock(ZoneInfo("Europe/Rome")), places)
    assert sum(ends.values()) - ends["confirm_delivery"] == CALLS
    assert min(ends[name] for name in DONE) > 0, ends
    assert ends["refused: STATE_CONFLICT"] > 0, "the limits were never reached"
    assert len(places) == len(set(places)), "a slot was used twice"
    assert max(counted.days.values()) <= 2
    assert max(counted.weeks.values()) <= 6
    assert max(counted.months.values()) <= 14
    assert _as_counted_by_hand(newsroom, site) == (counted.days, counted.weeks, counted.months)
    assert faults(newsroom) == {}


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


def _places(newsroom: Newsroom, site: Site) -> list[datetime]:
    """Of all that is planned, on its way or published."""

    def read(tx: PublisherTransaction) -> list[datetime]:
        return list(tx.calendar.occupied(site.id, since=newsroom.clock.now()))

    return newsroom.transactions.run_sync(read)


def _as_counted_by_hand(newsroom: Newsroom, site: Site) -> tuple[Counter[date], Counter[date], Counter[date]]:
    """The same by PostgreSQL's own clock rules."""
    with newsroom.engine.connect() as connection:
        days = connection.exec_driver_sql(
            "SELECT (calendar_at AT TIME ZONE 'Europe/Rome')::date FROM content"
            f" WHERE site_id = '{site.id}' AND site_status NOT IN ('not_published', 'failed')"
        ).scalars()
        local = list(days)
    return Counter(local), Counter(map(week_of, local)), Counter(map(month_of, local))

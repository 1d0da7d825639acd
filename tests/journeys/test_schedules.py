"""Runs by the clock, over REST: one that is due starts once, and one that a paused run stands in the way of says so."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg2
import pytest

from chassis.testing.waiting import until
from suite.rest import Api
from tests.chaos import topics
from tests.journeys.suites import RunningSuite

pytestmark = [pytest.mark.journey, pytest.mark.timeout(200)]

FIRST = 5000


async def schedule(api: Api, site_id: str) -> dict[str, Any]:
    """The settings of a site, which makes ideas by itself every day at a time that was two minutes ago."""
    path = f"/api/v1/sites/{site_id}/automation/config"
    config = await api.get(path) | {"text_model": topics.MODEL, "enabled": True, "frequency": "daily"}
    config["scheduled_time"] = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%H:%M")
    for stage in config["stages"]:
        stage["enabled"] = stage["stage"] == topics.IDEAS
    return await api.put(path, config)


def let_a_day_pass(suite: RunningSuite, site_id: str) -> None:
    """As though the schedule had been set, or claimed for the last time, a day earlier: today's run is due now."""
    with (
        closing(psycopg2.connect(suite.stack.database_url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE ai.automation_config SET planned_from = planned_from - interval '1 day', "
            "next_run_at = next_run_at - interval '1 day' WHERE site_id = %s",
            [site_id],
        )


async def planned_runs(api: Api, site_id: str) -> list[dict[str, Any]]:
    return await api.all(f"/api/v1/sites/{site_id}/automation/planned-runs", "planned_runs")


async def settled(api: Api, site_id: str) -> list[dict[str, Any]]:
    """The planned runs of a site once none of them waits; empty while there is none."""
    planned = await planned_runs(api, site_id)
    return [] if any(each["status"] == "waiting" for each in planned) else planned


async def is_planned_ahead(api: Api, site_id: str) -> bool:
    """Whether the scheduler has dealt with what was due."""
    config = await api.get(f"/api/v1/sites/{site_id}/automation/config")
    return datetime.fromisoformat(config["next_run_at"]) > datetime.now(UTC)


async def run_in_state(api: Api, run_id: str, status: str) -> dict[str, Any] | None:
    run: dict[str, Any] = (await api.get(f"/api/v1/automation/runs/{run_id}"))["run"]
    return run if run["status"] == status else None


async def told(api: Api, site_id: str, notification_type: str) -> list[dict[str, Any]]:
    """The notifications of a site of one type, each made from an event."""
    found = await api.all("/api/v1/notifications", "notifications", notification_type=notification_type)
    return [each for each in found if each["site_id"] == site_id]


async def test_a_schedule_that_is_due_starts_one_run_and_looking_again_starts_no_other(
    suite: RunningSuite,
) -> None:
    async with suite.api() as api:
        planted = await topics.plant(suite, api, first=FIRST, count=2)
        site_id = planted.site_id
        await schedule(api, site_id)
        let_a_day_pass(suite, site_id)

        (planned,) = await until(partial(settled, api, site_id))
        run = await until(partial(run_in_state, api, planned["run_id"], "completed"))
        (started,) = await until(partial(told, api, site_id, "automation_started"))
        # The instant is due once more, as where its claim was forgotten.
        let_a_day_pass(suite, site_id)
        await until(partial(is_planned_ahead, api, site_id))

        assert planned["status"] == "started"
        assert (run["trigger"], run["actor"], run["stages"][topics.IDEAS - 1]["done"]) == (
            "scheduled",
            "schedule",
            2,
        )
        assert (started["run_id"], started["count"]) == (run["id"], 1)
        assert await planned_runs(api, site_id) == [planned]
        runs = await api.all(f"/api/v1/sites/{site_id}/automation/runs", "runs")
        assert [each["id"] for each in runs] == [run["id"]]


async def test_a_schedule_that_is_due_while_a_run_is_paused_starts_none_and_says_so(
    suite: RunningSuite,
) -> None:
    async with suite.api() as api:
        planted = await topics.plant(suite, api, first=FIRST + 10, count=20)
        site_id = planted.site_id
        active = await topics.start_run(api, planted, concurrency=1)
        await api.post(f"/api/v1/automation/runs/{active['id']}/pause")
        await until(partial(run_in_state, api, active["id"], "paused"))
        await schedule(api, site_id)

        let_a_day_pass(suite, site_id)

        (skipped,) = await until(partial(settled, api, site_id))
        (notification,) = await until(partial(told, api, site_id, "automation_skipped"))
        runs = await api.all(f"/api/v1/sites/{site_id}/automation/runs", "runs")
        assert (skipped["status"], skipped["reason"], skipped["run_id"]) == (
            "skipped",
            "RUN_ALREADY_ACTIVE",
            active["id"],
        )
        assert notification["related_id"] == skipped["id"]
        assert notification["metadata"]["active_run_id"] == active["id"]
        assert [(each["id"], each["status"]) for each in runs] == [(active["id"], "paused")]
        await api.post(f"/api/v1/automation/runs/{active['id']}/cancel")

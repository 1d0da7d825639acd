"""An AI function by hand over REST: accepted at once, told as it goes, and stopped between its items."""

from typing import Any

import httpx
import pytest

from chassis.ids import new_id
from suite.secrets import kept_api_key
from tests.chaos import topics
from tests.gateway.sse import EventReader, listening
from tests.journeys.suites import RunningSuite
from tests.outside.server import Outside

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ITEMS = 160
"""Ten times what is asked at once, so that many are left when the first is done, however slow the machine is."""

FIRST = 6000


async def told(stream: EventReader, task_id: str, *, until: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of the task in order, with the task in each, up to the first that is called so."""
    heard: list[tuple[str, dict[str, Any]]] = []
    while not heard or heard[-1][0] != until:
        event = await stream.event()
        if event.json["task"]["id"] == task_id:
            heard.append((event.event, event.json["task"]))
    return heard


async def test_many_items_are_accepted_at_once_told_one_by_one_and_stopped_between_items(
    suite: RunningSuite, outside: Outside
) -> None:
    headers = {"Authorization": f"Bearer {kept_api_key(suite.data_dir, 'demo')}"}
    url = suite.stack.gateway_url
    async with (
        suite.api() as api,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False) as client,
        listening(url, headers, types="ai_tasks") as stream,
    ):
        planted = await topics.plant(suite, api, first=FIRST, count=ITEMS)
        accepted = await client.post(
            f"/api/v1/sites/{planted.site_id}/ai/generate_ideas",
            json={"ids": list(planted.ids.values()), "model_name": topics.MODEL},
            headers={"Idempotency-Key": new_id()},
        )
        assert (accepted.status_code, accepted.json()["task"]["status"]) == (202, "pending")
        task_id = accepted.json()["task"]["id"]
        begun = await told(stream, task_id, until="ai_tasks.progressed")
        await api.post(f"/api/v1/ai/tasks/{task_id}/cancel")
        stopped = await told(stream, task_id, until="ai_tasks.cancelled")
        task = (await api.get(f"/api/v1/ai/tasks/{task_id}"))["task"]

    asked = topics.asked(outside)
    counted = [each["items_done"] for name, each in begun + stopped if name == "ai_tasks.progressed"]
    assert begun[0][0] == "ai_tasks.started"
    assert set(range(1, task["items_done"] + 1)) <= set(counted)
    assert 0 < task["items_done"] < ITEMS
    assert (task["status"], task["items_failed"]) == ("cancelled", 0)
    assert stopped[-1][1]["credits_used"] == task["credits_used"] > 0
    assert {topic: asked[topic] for topic in planted.ids if asked[topic] > 1} == {}, "asked more than once"
    assert sum(asked[topic] for topic in planted.ids) == task["items_done"]
    [charged] = suite.rows(
        "SELECT count(*) AS items, sum(credits_used) AS credits"
        " FROM billing.igny8_billing_creditusagelog WHERE ai_task_id = %(id)s",
        id=task_id,
    )
    [hold] = suite.rows("SELECT status FROM billing.reservation WHERE id = %(id)s", id=task["reservation_id"])
    assert charged == {"items": task["items_done"], "credits": task["credits_used"]}
    assert hold["status"] != "active"

"""The account's events for clients that ask now and then, through a real JetStream."""

from typing import Any

import httpx
import orjson
import pytest

from chassis.nats import Bus
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, operator
from gateway import events
from tests.gateway.conftest import Running, bearer

POLL = "/api/v1/events/poll"


async def _publish(bus: Bus, number: int, *, account_id: str = ACCOUNT_ID, domain: str = "credits") -> None:
    await bus.jetstream.publish(f"igny8.v1.{domain}.{account_id}.captured", orjson.dumps({"number": number}))


async def _poll(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(POLL, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _numbers(answer: dict[str, Any]) -> list[int]:
    return [event["data"]["number"] for event in answer["events"]]


async def test_what_happened_since_is_told_once(bus: Bus, live: Running, client: httpx.AsyncClient) -> None:
    begin = await _poll(client)
    await _publish(bus, 1)
    await _publish(bus, 9, account_id=OTHER_ACCOUNT_ID)
    await _publish(bus, 2)

    first = await _poll(client, after=begin["next"])
    second = await _poll(client, after=first["next"])

    assert begin["events"] == []
    assert _numbers(first) == [1, 2]
    assert first["events"][0]["event"] == "credits.captured"
    assert (second["events"], second["reset"]) == ([], False)


async def test_many_events_come_in_parts_without_loss_or_repeat(
    bus: Bus, live: Running, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "POLL_EVENTS_MAX", 2)
    begin = await _poll(client)
    for number in range(5):
        await _publish(bus, number)

    first = await _poll(client, after=begin["next"])
    second = await _poll(client, after=first["next"])
    third = await _poll(client, after=second["next"])

    assert [_numbers(answer) for answer in (first, second, third)] == [[0, 1], [2, 3], [4]]


async def test_a_poll_may_name_the_types_it_wants(bus: Bus, live: Running, client: httpx.AsyncClient) -> None:
    begin = await _poll(client)
    await _publish(bus, 1)
    await _publish(bus, 2, domain="runs")

    answer = await _poll(client, after=begin["next"], types="runs")

    assert _numbers(answer) == [2]


@pytest.mark.parametrize("after", ["nonsense", "another.7", "another.²"])
async def test_a_place_nobody_knows_is_a_reset_with_one_to_begin_at(
    live: Running, client: httpx.AsyncClient, after: str
) -> None:
    answer = await _poll(client, after=after)
    again = await _poll(client, after=answer["next"])

    assert answer["reset"] is True
    assert again["reset"] is False


async def test_who_has_no_account_or_no_token_hears_nothing(live: Running) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=20) as client:
        nobody = await client.get(POLL)
        of_operator = await client.get(POLL, headers=bearer(operator()))
        twice = await client.get(f"{POLL}?after=a.1&after=a.2", headers=bearer())

    assert [nobody.status_code, of_operator.status_code, twice.status_code] == [401, 403, 400]

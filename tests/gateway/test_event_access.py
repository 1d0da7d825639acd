"""Who hears what on the event stream, how many streams there may be, and how a right to listen ends."""

from collections.abc import Callable

import httpx
import pytest

from chassis.identity import Role
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.testing import until
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID, operator, person
from gateway import events as events_module
from gateway.access import KEY_SECONDS_MAX
from gateway.feed import STREAMS_PER_CALLER
from gateway.process import Process
from tests.gateway.conftest import Keys, Running, bearer, running
from tests.gateway.sse import listening, publish

OTHER_USER_ID = new_id()


async def test_events_above_the_callers_role_are_not_told(bus: Bus, live: Running) -> None:
    async with (
        listening(live.url, bearer(person(Role.VIEWER))) as of_viewer,
        listening(live.url, bearer(person(Role.OWNER, user_id=OTHER_USER_ID))) as of_owner,
    ):
        place = await of_viewer.block()
        await of_owner.block()
        await publish(bus, 1, subject="keys.{}.lent")
        await publish(bus, 2)

        told = [await of_viewer.event(), await of_owner.event()]
        assert place is not None
        async with listening(live.url, bearer(person(Role.VIEWER)), last_id=place.id) as resumed:
            replayed = await resumed.event()

    assert [event.event for event in told] == ["credits.captured", "keys.lent"]
    assert replayed.event == "credits.captured"


async def test_asking_for_a_type_above_ones_role_is_refused_with_the_role_it_needs(live: Running) -> None:
    async with httpx.AsyncClient(
        base_url=live.url, headers=bearer(person(Role.EDITOR)), timeout=20
    ) as client:
        stream = await client.get("/api/v1/events?types=keys,credits")
        poll = await client.get("/api/v1/events/poll?types=keys")

    assert (stream.status_code, poll.status_code) == (403, 403)
    assert stream.json()["metadata"] == {"needed": "owner", "role": "editor", "type": "keys"}


async def test_a_caller_may_open_so_many_streams_and_no_more(live: Running) -> None:
    feed = live.process.feed
    open_streams = [feed.join(ACCOUNT_ID, person().actor) for _ in range(STREAMS_PER_CALLER)]
    async with httpx.AsyncClient(base_url=live.url, headers=bearer(), timeout=20) as client:
        refused = await client.get("/api/v1/events")
    feed.leave(open_streams[0])

    async with listening(live.url, bearer()) as stream:
        opening = await stream.block()

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "10"
    assert opening is not None


async def test_a_stream_that_was_closed_frees_its_place(live: Running) -> None:
    async with listening(live.url, bearer()) as stream:
        await stream.block()

    await until(lambda: not live.process.feed._streams)


async def test_the_stream_of_a_revoked_key_ends(
    live: Running, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "CHECK_SECONDS", 3600)
    monkeypatch.setattr(events_module, "CHECK_SECONDS_LEAST", 0.05)
    monkeypatch.setattr("gateway.access.KEY_SECONDS_MAX", 0.1)
    assert KEY_SECONDS_MAX + events_module.CHECK_SECONDS_LEAST < 5
    async with listening(live.url, {"Authorization": "Bearer igny8_good"}) as stream:
        await stream.block()
        keys.callers.clear()

        assert (await stream.block()) is not None
        assert (await stream.block()) is None


async def test_the_stream_of_a_key_whose_belief_others_renew_ends_all_the_same(
    live: Running, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "CHECK_SECONDS_LEAST", 0.05)
    monkeypatch.setattr("gateway.access.KEY_SECONDS_MAX", 0.1)
    key = {"Authorization": "Bearer igny8_good"}
    async with listening(live.url, key) as stream, httpx.AsyncClient(base_url=live.url, timeout=20) as client:
        await stream.block()
        before = keys.asked
        await until(lambda: keys.asked > before + 2)
        await client.get("/api/v1/books", headers=key)
        keys.callers.clear()

        assert (await stream.block()) is not None
        assert (await stream.block()) is None


async def test_a_stream_that_billing_cannot_be_asked_about_goes_on(
    bus: Bus, live: Running, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_module, "CHECK_SECONDS_LEAST", 0.05)
    monkeypatch.setattr("gateway.access.KEY_SECONDS_MAX", 0.1)
    async with listening(live.url, {"Authorization": "Bearer igny8_good"}) as stream:
        await stream.block()
        keys.away = True
        before = keys.asked
        await until(lambda: keys.asked > before + 2)
        await publish(bus, 1)

        assert (await stream.event()).json == {"number": 1}


async def test_an_account_may_open_so_many_streams_whoever_of_it_asks(
    bus: Bus, process_for: Callable[..., Process]
) -> None:
    process = process_for(streams=(2, 3))
    async with running(process) as live:
        await until(lambda: process.feed.is_live)
        for number in range(3):
            process.feed.join(ACCOUNT_ID, f"user:{number}")
        async with httpx.AsyncClient(base_url=live.url, timeout=20) as client:
            refused = await client.get("/api/v1/events", headers=bearer())
        other = bearer(person(account_id=OTHER_ACCOUNT_ID))
        async with listening(live.url, other) as stream:
            opening = await stream.block()

    assert refused.status_code == 429
    assert refused.json()["metadata"] == {"limit": "3", "of": "account", "retry_after_seconds": "10"}
    assert "Close one and try again" in refused.json()["detail"]
    assert opening is not None


async def test_an_operator_has_no_account_to_listen_to(live: Running) -> None:
    async with httpx.AsyncClient(base_url=live.url, headers=bearer(operator()), timeout=20) as client:
        answer = await client.get("/api/v1/events")

    assert answer.status_code == 403


async def test_nobody_listens_without_a_token(live: Running) -> None:
    async with httpx.AsyncClient(base_url=live.url, timeout=20) as client:
        answer = await client.get("/api/v1/events")

    assert answer.status_code == 401

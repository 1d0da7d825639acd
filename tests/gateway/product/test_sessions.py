"""Cookie sessions through the real billing: begun, used, refreshed, ended, and never usable by another site."""

import asyncio
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest
from igny8.billing import v1 as billing_proto
from starlette.responses import Response

from chassis.clock import SystemClock
from chassis.nats import Bus
from chassis.testing import until
from gateway.access import SESSION_SECONDS_MAX
from gateway.credentials import Credentials
from gateway.csrf import CsrfTokens
from gateway.sessions import SessionPart, Sessions
from tests.gateway.conftest import KEYRING
from tests.gateway.product.conftest import PASSWORD, Front, csrf, sign_up
from tests.gateway.sse import listening

KEY = {"name": "Laptop", "scope": "read"}


def _cookies(answer: httpx.Response) -> dict[str, Morsel[str]]:
    """The cookies an answer sets, with their attributes."""
    jar: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        jar.load(line)
    return dict(jar)


async def test_who_signs_up_is_signed_in_by_a_cookie_that_no_script_reads(front: Front) -> None:
    async with front.browser() as client:
        answer = await sign_up(client)
        me = await client.get("/api/v1/auth/me")

    session = _cookies(answer)["igny8_session"]
    assert me.json()["user"]["email"] == "ada@example.com"
    assert session["httponly"]
    assert session["samesite"] == "Strict"
    assert session["path"] == "/"
    assert 29 * 86_400 < int(session["max-age"]) <= 30 * 86_400
    assert (answer.json()["access_token"], answer.json()["refresh_token"]) == ("", "")


async def test_a_program_that_signs_in_gets_its_tokens_as_ever(front: Front) -> None:
    async with front.browser() as browser, front.program() as client:
        await sign_up(browser)
        answer = await client.post(
            "/api/v1/auth/login", json={"email": "ada@example.com", "password": PASSWORD}
        )
        token = answer.json()["access_token"]
        client.cookies.clear()

        made = await client.post("/api/v1/api-keys", json=KEY, headers={"Authorization": f"Bearer {token}"})

    assert made.status_code == 201
    assert answer.json()["refresh_token"].startswith("igny8r_")


@pytest.mark.parametrize("mode", ["", "token", "COOKIE", "cookie, cookie"])
async def test_a_mode_that_is_none_is_refused_before_anybody_is_signed_in(front: Front, mode: str) -> None:
    async with front.browser() as client:
        body = {"account_name": "G", "email": "ada@example.com", "password": PASSWORD}
        answer = await client.post("/api/v1/auth/signup", json=body, headers={"X-Session": mode})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "X-Session"
    assert "set-cookie" not in answer.headers


async def test_over_https_the_cookies_are_bound_to_the_host_and_never_sent_in_the_clear(front: Front) -> None:
    async with front.browser(**{"X-Forwarded-Proto": "https"}) as client:
        made = _cookies(await sign_up(client))
        session = made["__Host-igny8_session"].value
        over_https = await client.get(
            "/api/v1/auth/me", headers={"Cookie": f"__Host-igny8_session={session}"}
        )
        planted = await client.get("/api/v1/auth/me", headers={"Cookie": f"igny8_session={session}"})

    assert made["__Host-igny8_session"]["secure"]
    assert made["__Host-igny8_csrf"]["secure"]
    assert over_https.status_code == 200
    assert planted.status_code == 401


async def test_a_page_changes_things_with_the_token_of_its_session(front: Front) -> None:
    async with front.browser() as client:
        await sign_up(client)

        made = await client.post("/api/v1/api-keys", json=KEY, headers=csrf(client))

    assert made.status_code == 201


@pytest.mark.parametrize("sent", [{}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "guessed"}])
async def test_a_change_by_cookie_alone_is_refused_and_changes_nothing(
    front: Front, sent: dict[str, str]
) -> None:
    async with front.browser() as client:
        await sign_up(client)

        answer = await client.post("/api/v1/api-keys", json=KEY, headers=sent)
        keys = await client.get("/api/v1/api-keys")

    assert answer.status_code == 403
    assert answer.json()["reason"] == "CSRF_REFUSED"
    assert answer.json()["metadata"] == {"header": "X-CSRF-Token", "cookie": "igny8_csrf"}
    assert keys.json()["api_keys"] == []


async def test_the_token_of_one_session_does_not_fit_another(front: Front) -> None:
    async with front.browser() as ada, front.browser() as eve:
        await sign_up(ada)
        await sign_up(eve, "eve@example.com")

        answer = await ada.post("/api/v1/api-keys", json=KEY, headers=csrf(eve))

    assert answer.json()["reason"] == "CSRF_REFUSED"


async def test_a_token_in_the_header_counts_before_the_cookie_and_needs_no_csrf(front: Front) -> None:
    async with front.browser() as ada, front.browser() as eve:
        await sign_up(ada)
        await sign_up(eve, "eve@example.com")
        login = {"email": "eve@example.com", "password": PASSWORD}
        async with front.program() as program:
            token = (await program.post("/api/v1/auth/login", json=login)).json()
        sent = {"Authorization": f"Bearer {token['access_token']}"}

        made = await ada.post("/api/v1/api-keys", json=KEY, headers=sent)
        me = await ada.get("/api/v1/auth/me", headers=sent)

    assert made.status_code == 201
    assert me.json()["user"]["email"] == "eve@example.com"


async def test_signing_out_takes_the_cookie_away_and_is_felt_at_once(front: Front) -> None:
    async with front.browser() as client:
        await sign_up(client)
        before = dict(client.cookies)
        await client.get("/api/v1/auth/me")

        answer = await client.post("/api/v1/auth/logout", headers=csrf(client))
        client.cookies.update(before)
        after = await client.get("/api/v1/auth/me")

    assert answer.status_code == 204
    assert {name: one["max-age"] for name, one in _cookies(answer).items()} == {
        "igny8_session": "0",
        "igny8_csrf": "0",
    }
    assert after.status_code == 401
    assert after.json()["detail"] == "You are signed out. Sign in again."


@pytest.mark.parametrize("verb", ["logout", "refresh"])
async def test_another_site_can_neither_sign_a_person_out_nor_refresh(front: Front, verb: str) -> None:
    async with front.browser() as client:
        await sign_up(client)

        answer = await client.post(f"/api/v1/auth/{verb}")
        me = await client.get("/api/v1/auth/me")

    assert answer.json()["reason"] == "CSRF_REFUSED"
    assert me.status_code == 200


async def test_a_refresh_changes_the_cookie_and_its_csrf_token_and_shows_no_secret(front: Front) -> None:
    async with front.browser() as client:
        await sign_up(client)
        before = dict(client.cookies)

        answer = await client.post("/api/v1/auth/refresh", headers=csrf(client))
        made = await client.post("/api/v1/api-keys", json=KEY, headers=csrf(client))
        stale = await client.post(
            "/api/v1/api-keys", json=KEY, headers={"X-CSRF-Token": before["igny8_csrf"]}
        )

    assert answer.status_code == 200
    assert (answer.json()["access_token"], answer.json()["refresh_token"]) == ("", "")
    assert {name: before[name] != client.cookies[name] for name in before} == dict.fromkeys(before, True)
    assert (made.status_code, stale.status_code) == (201, 403)


async def test_two_pages_that_refresh_at_the_same_moment_share_one_call() -> None:
    tokens, asked = CsrfTokens(KEYRING), []
    sessions, may_end = Sessions(tokens, lambda _secret: None, SystemClock()), asyncio.Event()
    credentials = Credentials(session="igny8r_one", csrf=tokens.of("igny8r_one"))

    async def refresh(request: Any) -> Any:
        asked.append(request.refresh_token)
        await may_end.wait()
        return billing_proto.RefreshResponse(refresh_token="igny8r_two", access_token="secret")

    def page() -> asyncio.Task[Response]:
        request = billing_proto.RefreshRequest()
        part = SessionPart(takes=True, gives=True)
        return asyncio.ensure_future(
            sessions.answer(part, request, {}, credentials, refresh, lambda one: Response(str(one)))
        )

    pages = [page(), page()]
    await until(lambda: asked)
    may_end.set()
    first, second = await asyncio.gather(*pages)

    assert asked == ["igny8r_one"]
    assert first.headers.getlist("set-cookie") == second.headers.getlist("set-cookie")
    assert b"secret" not in bytes(first.body) + bytes(second.body)


async def test_a_cookie_that_was_refreshed_before_ends_its_session_and_goes(front: Front) -> None:
    async with front.browser() as client, front.browser() as thief:
        await sign_up(client)
        thief.cookies.update(client.cookies)
        await client.post("/api/v1/auth/refresh", headers=csrf(client))
        await client.post("/api/v1/auth/refresh", headers=csrf(client))

        stolen = await thief.post("/api/v1/auth/refresh", headers=csrf(thief))
        own = await client.post("/api/v1/auth/refresh", headers=csrf(client))

    assert (stolen.status_code, own.status_code) == (401, 401)
    assert _cookies(stolen)["igny8_session"]["max-age"] == "0"


async def test_a_cookie_that_was_refreshed_just_now_becomes_the_same_one_again(front: Front) -> None:
    async with front.browser() as client, front.browser() as other_tab:
        await sign_up(client)
        other_tab.cookies.update(client.cookies)
        await client.post("/api/v1/auth/refresh", headers=csrf(client))

        again = await other_tab.post("/api/v1/auth/refresh", headers=csrf(other_tab))
        me = await client.get("/api/v1/auth/me")

    assert (again.status_code, me.status_code) == (200, 200)
    assert _cookies(again)["igny8_session"].value == client.cookies["igny8_session"]


async def test_a_session_that_was_ended_elsewhere_is_felt_soon(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.access.SESSION_SECONDS_MAX", 0.0)
    async with front.browser() as client:
        await sign_up(client)
        secret = client.cookies["igny8_session"]
        async with front.program() as elsewhere:
            await elsewhere.post("/api/v1/auth/logout", json={"refresh_token": secret})

        answer = await client.get("/api/v1/auth/me")

    assert SESSION_SECONDS_MAX <= 20
    assert answer.status_code == 401


@pytest.mark.parametrize("secret", ["nonsense", "igny8r_" + "x" * 43, "x" * 5_000, "é"])
async def test_a_cookie_nobody_was_given_is_refused(front: Front, secret: str) -> None:
    async with front.program() as client:
        answer = await client.get("/api/v1/auth/me", headers={b"Cookie": f"igny8_session={secret}".encode()})

    assert answer.status_code == 401


async def test_a_page_hears_events_by_its_cookie_until_it_signs_out(
    bus: Bus, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.events.CHECK_SECONDS", 0.1)
    await until(lambda: front.running.process.feed.is_live)
    async with front.browser() as client:
        account_id = (await sign_up(client)).json()["account"]["id"]
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        async with listening(front.url, cookies, types="credits") as stream:
            await stream.block()
            await bus.jetstream.publish(f"igny8.v1.credits.{account_id}.captured", b'{"number": 1}')
            heard = await stream.event()
            await client.post("/api/v1/auth/logout", headers=csrf(client))
            farewell, end = await stream.block(), await stream.block()

    assert heard.json == {"number": 1}
    assert farewell is not None
    assert end is None


async def test_no_page_of_another_origin_is_told_that_it_may_send_the_cookie(front: Front) -> None:
    async with front.browser() as client:
        await sign_up(client)
        answer = await client.get("/api/v1/auth/me", headers={"Origin": "https://evil.example"})

    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-credentials" not in answer.headers

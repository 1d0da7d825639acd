"""Who is let through: tokens and API keys, good, bad, revoked, and asked for at the same time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest

from chassis.errors import remote_refusal
from chassis.identity import Caller, CallerKind, Keyring, Role, TokenIssuer, TokenVerifier
from chassis.refusal import Refusal, Unauthenticated
from chassis.testing import ManualClock
from chassis.testing.callers import api_key, person, service
from gateway.access import KEY_SECONDS_MAX, Access, Exchange
from gateway.credentials import Credentials
from gateway.csrf import CsrfTokens
from tests.gateway.conftest import KEYRING, Keys
from tests.gateway.shelf import ShelfServicer

NO_KEY: Any = None


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Basic b3duZXI6cGFzc3dvcmQ=",
        "Bearer nonsense",
        "Bearer " + "x" * 9_000,
        "Bearer " + jwt.encode({"sub": "a"}, NO_KEY, algorithm="none"),
        "Bearer "
        + jwt.encode({"sub": "a"}, "x" * 32, algorithm="HS256", headers={"kid": "igny8-billing.v1"}),
    ],
)
async def test_who_brings_no_good_token_is_told_to_sign_in(
    stranger: httpx.AsyncClient, authorization: str
) -> None:
    answer = await stranger.get("/api/v1/books", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["reason"] == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"] == 'Bearer realm="igny8"'


async def test_good_claims_without_a_good_signature_are_refused(stranger: httpx.AsyncClient) -> None:
    good = TokenIssuer(KEYRING, "billing").issue(person())
    head, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(claims, NO_KEY, algorithm="none", headers={"kid": head["kid"]})
    stripped = good.rpartition(".")[0] + "."

    statuses = [
        (await stranger.get("/api/v1/books", headers={"Authorization": f"Bearer {token}"})).status_code
        for token in (good, unsigned, stripped, good + "A")
    ]

    assert statuses == [200, 401, 401, 401]


async def test_a_token_of_another_secret_is_refused(stranger: httpx.AsyncClient) -> None:
    other = TokenIssuer(Keyring.from_secret("another secret key, long enough too"), "billing")

    answer = await stranger.get("/api/v1/books", headers={"Authorization": f"Bearer {other.issue(person())}"})

    assert answer.status_code == 401


async def test_a_service_token_for_another_callee_is_refused(stranger: httpx.AsyncClient) -> None:
    caller = Caller(kind=CallerKind.SERVICE, subject="ai", account_id=None, role=Role.OWNER)
    token = TokenIssuer(KEYRING, "ai").issue(caller, audience="shelf")

    answer = await stranger.get("/api/v1/books", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


async def test_an_expired_token_is_refused(stranger: httpx.AsyncClient) -> None:
    token = TokenIssuer(KEYRING, "billing").issue(person(), lifetime_seconds=-60)

    answer = await stranger.get("/api/v1/books", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


async def test_an_api_key_travels_on_as_a_token_of_the_key(
    stranger: httpx.AsyncClient, servicer: ShelfServicer
) -> None:
    answer = await stranger.get("/api/v1/books/book-1", headers={"Authorization": "Bearer igny8_good"})

    assert answer.status_code == 200
    assert servicer.actors == [api_key().actor]


async def test_an_api_key_that_is_no_good_is_refused(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/api/v1/books", headers={"Authorization": "Bearer igny8_forged"})

    assert answer.status_code == 401
    assert answer.json()["reason"] == "CREDENTIALS_REFUSED"


async def test_a_public_method_takes_no_notice_of_a_bad_token(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/published/roses", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 200


async def test_what_anybody_may_change_is_asked_by_the_gateway_on_behalf_of_the_clients_address(
    stranger: httpx.AsyncClient, servicer: ShelfServicer
) -> None:
    await stranger.post("/api/v1/echo", json={}, headers={"X-Igny8-Client-Address": "203.0.113.7"})

    assert servicer.callers == [replace(service("gateway", account_id=None), client_address="127.0.0.1")]


async def test_what_anybody_may_read_is_asked_by_nobody(
    stranger: httpx.AsyncClient, servicer: ShelfServicer
) -> None:
    await stranger.get("/published/roses", headers={"Authorization": "Bearer nonsense"})

    assert servicer.callers == [None]


GOOD = Credentials(authorization="Bearer igny8_good")


class _Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _access(keys: Keys, now: Callable[[], float] = time.monotonic) -> Access:
    return _access_by(keys.exchange, TokenVerifier(KEYRING, audience="gateway"), now)


def _access_by(
    exchange: Exchange, verifier: TokenVerifier, now: Callable[[], float] = time.monotonic
) -> Access:
    return Access(verifier, key=exchange, session=exchange, csrf=CsrfTokens(KEYRING), monotonic=now)


async def test_a_key_is_exchanged_once_while_it_is_believed() -> None:
    keys, now = Keys(), _Time()
    access = _access(keys, now)

    await access.token(GOOD)
    now.seconds = KEY_SECONDS_MAX - 0.1
    await access.token(GOOD)

    assert keys.asked == 1


async def test_a_revoked_key_is_felt_within_five_seconds() -> None:
    keys, now = Keys(), _Time()
    access = _access(keys, now)
    await access.token(GOOD)
    keys.callers.clear()
    now.seconds = 5.0

    with pytest.raises(Refusal) as refused:
        await access.token(GOOD)

    assert refused.value.reason == "CREDENTIALS_REFUSED"


async def test_many_who_bring_the_same_key_cost_one_exchange() -> None:
    keys = Keys()
    access = _access(keys)

    await asyncio.gather(*(access.token(GOOD) for _ in range(50)))

    assert keys.asked == 1


async def test_a_billing_that_is_away_is_said_and_not_taken_for_a_bad_key() -> None:
    async def away(_key: str) -> str:
        raise remote_refusal("SERVICE_UNAVAILABLE", "billing is away", service="billing")

    access = _access_by(away, TokenVerifier(KEYRING, audience="gateway"))

    with pytest.raises(Refusal) as refused:
        await access.token(GOOD)

    assert refused.value.reason == "SERVICE_UNAVAILABLE"


async def test_a_token_that_expires_while_it_is_remembered_is_refused(clock: ManualClock) -> None:
    access = _access_by(Keys().exchange, TokenVerifier(KEYRING, "gateway", clock))
    token = TokenIssuer(KEYRING, "billing", clock).issue(person())
    credentials = Credentials(authorization=f"Bearer {token}")
    await access.token(credentials)
    clock.advance(minutes=11)

    with pytest.raises(Unauthenticated):
        await access.token(credentials)

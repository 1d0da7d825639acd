"""Tokens: who signs what for whom, and every way a token can be wrong."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chassis.identity import (
    PLATFORM_ISSUER,
    Caller,
    CallerKind,
    Keyring,
    Role,
    TokenIssuer,
    TokenVerifier,
    calling_as,
    current_caller,
    key_id,
)
from chassis.refusal import PermissionDenied, Unauthenticated
from chassis.testing import ManualClock
from chassis.testing.callers import ACCOUNT_ID, api_key, operator, person, service

KEYRING = Keyring.from_secret("one secret of the whole suite, long enough")


@pytest.fixture
def billing(clock: ManualClock) -> TokenVerifier:
    return TokenVerifier(KEYRING, "billing", clock)


def signed(
    clock: ManualClock,
    *,
    key: Any = None,
    kid: str = "",
    algorithm: str = "EdDSA",
    without: str = "",
    **changed: Any,
) -> str:
    """A person's token as billing issues it, but for what the test changes or leaves out."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": PLATFORM_ISSUER,
        "aud": "igny8",
        "sub": "user",
        "jti": "1",
        "iat": now,
        "exp": now + 600,
        "kind": "person",
        "role": "owner",
        "account_id": ACCOUNT_ID,
    } | changed
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None and name != without},
        key if key is not None else KEYRING.private(PLATFORM_ISSUER),
        algorithm=algorithm,
        headers={"kid": kid or key_id(PLATFORM_ISSUER)},
    )


@pytest.mark.parametrize(
    "caller", [person(Role.VIEWER), person(Role.EDITOR), api_key(Role.EDITOR), operator()], ids=str
)
def test_every_service_knows_a_caller_by_a_token_of_billing(caller: Caller, clock: ManualClock) -> None:
    token = TokenIssuer(KEYRING, "billing", clock).issue(caller)

    assert TokenVerifier(KEYRING, "publisher", clock).verify(token) == caller
    assert TokenVerifier(KEYRING, "ai", clock).verify(token) == caller


@pytest.mark.parametrize("account_id", [ACCOUNT_ID, None])
def test_a_service_is_known_with_the_account_it_acts_for(
    account_id: str | None, clock: ManualClock, billing: TokenVerifier
) -> None:
    caller = service("ai", account_id=account_id)

    assert billing.verify(TokenIssuer(KEYRING, "ai", clock).issue(caller, audience="billing")) == caller


def test_a_service_token_is_for_its_callee_only(clock: ManualClock, billing: TokenVerifier) -> None:
    token = TokenIssuer(KEYRING, "ai", clock).issue(service("ai"), audience="publisher")

    with pytest.raises(Unauthenticated):
        billing.verify(token)


def test_a_token_is_good_until_it_expires_and_refused_after(
    clock: ManualClock, billing: TokenVerifier
) -> None:
    token = TokenIssuer(KEYRING, "billing", clock).issue(person())
    billing.verify(token)

    clock.advance(seconds=599)
    assert billing.verify(token) == person()

    clock.advance(seconds=7)
    with pytest.raises(Unauthenticated, match="expired"):
        billing.verify(token)


def test_a_token_is_still_taken_within_the_leeway(clock: ManualClock, billing: TokenVerifier) -> None:
    token = TokenIssuer(KEYRING, "billing", clock).issue(person())

    clock.advance(seconds=604)

    assert billing.verify(token) == person()


def test_a_token_from_the_future_is_refused(clock: ManualClock, billing: TokenVerifier) -> None:
    token = signed(clock, iat=int(clock.now().timestamp()) + 60)

    with pytest.raises(Unauthenticated):
        billing.verify(token)


@pytest.mark.parametrize("claim", ["exp", "iat", "aud", "iss", "sub", "jti", "kind", "role", "account_id"])
def test_a_token_without_a_claim_is_refused(claim: str, clock: ManualClock, billing: TokenVerifier) -> None:
    with pytest.raises(Unauthenticated):
        billing.verify(signed(clock, without=claim))


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "billing"},
        {"aud": "somebody"},
        {"aud": ["igny8", "billing"]},
        {"iss": "ai"},
        {"iss": "https://elsewhere"},
        {"kind": "service", "sub": "billing"},
        {"kind": "god"},
        {"role": "admin"},
        {"kind": "operator"},
        {"account_id": 7},
        {"exp": "soon"},
    ],
    ids=str,
)
def test_a_well_signed_token_with_a_wrong_claim_is_refused(
    changed: dict[str, Any], clock: ManualClock, billing: TokenVerifier
) -> None:
    with pytest.raises(Unauthenticated):
        billing.verify(signed(clock, **changed))


@pytest.mark.parametrize("kind", ["person", "api_key", "operator"])
def test_a_person_signed_by_another_service_is_refused(
    kind: str, clock: ManualClock, billing: TokenVerifier
) -> None:
    account_id = None if kind == "operator" else ACCOUNT_ID

    for audience in ("igny8", "billing"):
        token = signed(
            clock,
            key=KEYRING.private("ai"),
            kid=key_id("ai"),
            iss="ai",
            aud=audience,
            kind=kind,
            account_id=account_id,
        )
        with pytest.raises(Unauthenticated):
            billing.verify(token)


def test_a_service_cannot_speak_as_another(clock: ManualClock, billing: TokenVerifier) -> None:
    token = signed(
        clock,
        key=KEYRING.private("ai"),
        kid=key_id("ai"),
        iss="ai",
        aud="billing",
        kind="service",
        sub="publisher",
    )

    with pytest.raises(Unauthenticated):
        billing.verify(token)


def test_a_key_of_nobody_is_refused_under_every_key_id(clock: ManualClock, billing: TokenVerifier) -> None:
    for kid in (key_id(PLATFORM_ISSUER), "unknown", "../../etc/passwd", ""):
        token = signed(clock, key=Ed25519PrivateKey.generate(), kid=kid)
        with pytest.raises(Unauthenticated):
            billing.verify(token)


def test_a_key_of_another_secret_is_refused(clock: ManualClock, billing: TokenVerifier) -> None:
    other = Keyring.from_secret("another secret of another suite, also long")

    with pytest.raises(Unauthenticated):
        billing.verify(TokenIssuer(other, "billing", clock).issue(person()))


def test_a_token_without_a_signature_is_refused(clock: ManualClock, billing: TokenVerifier) -> None:
    with pytest.raises(Unauthenticated):
        billing.verify(signed(clock, key="", algorithm="none"))


def test_the_public_key_is_no_password(clock: ManualClock, billing: TokenVerifier) -> None:
    public = KEYRING.private(PLATFORM_ISSUER).public_key()
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    with pytest.raises(Unauthenticated):
        billing.verify(signed(clock, key=raw, algorithm="HS256"))


def test_a_changed_token_is_refused_though_the_original_was_remembered(
    clock: ManualClock, billing: TokenVerifier
) -> None:
    header, claims, signature = TokenIssuer(KEYRING, "billing", clock).issue(person()).split(".")
    billing.verify(f"{header}.{claims}.{signature}")
    _, others, _ = TokenIssuer(KEYRING, "billing", clock).issue(person(account_id="another")).split(".")

    with pytest.raises(Unauthenticated):
        billing.verify(f"{header}.{others}.{signature}")


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJFZERTQSJ9..", "\x00", "é" * 50], ids=repr)
def test_what_is_no_token_is_refused(token: str, billing: TokenVerifier) -> None:
    with pytest.raises(Unauthenticated):
        billing.verify(token)


def test_only_so_many_tokens_are_remembered(clock: ManualClock) -> None:
    verifier = TokenVerifier(KEYRING, "billing", clock, remembered_max=2)
    issuer = TokenIssuer(KEYRING, "billing", clock)
    tokens = [issuer.issue(person()) for _ in range(4)]

    assert [verifier.verify(token) for token in tokens] == [person()] * 4
    assert verifier.verify(tokens[0]) == person()
    assert len(verifier._remembered) == 2


@pytest.mark.parametrize(
    ("issuer", "caller", "audience"),
    [
        ("ai", person(), "igny8"),
        ("ai", operator(), "igny8"),
        ("ai", service("publisher"), "billing"),
        ("ai", service("ai"), "igny8"),
        ("billing", person(), "ai"),
    ],
)
def test_a_service_does_not_issue_what_is_not_its_own(issuer: str, caller: Caller, audience: str) -> None:
    with pytest.raises(AssertionError):
        TokenIssuer(KEYRING, issuer).issue(caller, audience=audience)


def test_a_short_secret_makes_no_keys() -> None:
    with pytest.raises(ValueError, match="32"):
        Keyring.from_secret("too short")


def test_the_keys_of_two_issuers_differ() -> None:
    raw = {KEYRING.private(name).private_bytes_raw() for name in ("ai", "billing", PLATFORM_ISSUER)}

    assert len(raw) == 3


@pytest.mark.parametrize(
    ("caller", "actor"),
    [
        (person(user_id="7"), "user:7"),
        (api_key(key_id="8"), "api_key:8"),
        (service("ai"), "service:ai"),
        (operator("9"), "operator:9"),
    ],
)
def test_an_actor_is_the_caller_in_one_word(caller: Caller, actor: str) -> None:
    assert caller.actor == actor


def test_an_operator_has_no_account() -> None:
    with pytest.raises(PermissionDenied):
        operator().account()


def test_outside_a_call_there_is_no_caller() -> None:
    with pytest.raises(Unauthenticated):
        current_caller()


def test_code_may_be_run_as_a_caller() -> None:
    with calling_as(person()):
        assert current_caller() == person()

    with pytest.raises(Unauthenticated):
        current_caller()


def test_the_systems_clock_is_used_by_default() -> None:
    caller = Caller(kind=CallerKind.PERSON, subject="u", account_id="a", role=Role.OWNER)
    token = TokenIssuer(KEYRING, "billing").issue(caller)

    assert TokenVerifier(KEYRING, "billing").verify(token) == caller
    assert jwt.decode(token, options={"verify_signature": False})["exp"] > datetime.now(UTC).timestamp() + 590


def test_a_token_of_a_suspended_account_says_so(billing: TokenVerifier, clock: ManualClock) -> None:
    caller = replace(person(), suspended=True)

    assert billing.verify(TokenIssuer(KEYRING, "billing", clock).issue(caller)) == caller


def test_a_person_cannot_say_where_the_call_comes_from(billing: TokenVerifier, clock: ManualClock) -> None:
    assert billing.verify(signed(clock, client_address="203.0.113.7")).client_address == ""

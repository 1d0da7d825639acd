"""Secrets of keys, and when a key's tokens end."""

import re
from typing import Any

import pytest

from chassis.refusal import RequestInvalid
from services.billing.domain.api_key import (
    KEY_START,
    TOKEN_LIFETIME,
    ApiKey,
    KeyRefused,
    Scope,
    check_expiry,
    prefix_of,
)
from services.billing.domain.secret import hash_of, new_secret
from tests.billing.domain.builders import NOW, later


def test_a_secret_holds_256_random_bits_in_43_characters() -> None:
    assert re.fullmatch(r"igny8_[A-Za-z0-9_-]{43}", new_secret(KEY_START))


def test_no_two_secrets_are_the_same() -> None:
    assert len({new_secret(KEY_START) for _ in range(100)}) == 100


def test_what_is_stored_tells_nothing_of_the_secret() -> None:
    secret = new_secret(KEY_START)

    assert len(hash_of(secret)) == 64
    assert secret[12:] not in hash_of(secret) + prefix_of(secret)


def test_a_token_lives_five_minutes_at_most() -> None:
    assert _key().token_ends_at(now=NOW) == NOW + TOKEN_LIFETIME


def test_a_token_does_not_outlive_its_key() -> None:
    assert _key(expires_at=later(minutes=1)).token_ends_at(now=NOW) == later(minutes=1)


@pytest.mark.parametrize("end", [{"revoked_at": NOW}, {"expires_at": NOW}])
def test_a_key_that_has_ended_makes_no_token(end: dict[str, object]) -> None:
    with pytest.raises(KeyRefused):
        _key(**end).token_ends_at(now=NOW)


def test_a_revoked_key_stays_revoked_at_its_first_instant() -> None:
    revoked = _key().revoke(now=NOW)

    assert revoked.revoke(now=later(days=1)) == revoked


def test_a_key_is_not_born_dead() -> None:
    with pytest.raises(RequestInvalid, match="expires_at"):
        check_expiry(NOW, now=NOW)


def _key(**changes: Any) -> ApiKey:
    terms = {"id": "key", "account_id": "account", "name": "", "prefix": "", "scope": Scope.READ}
    return ApiKey(**{**terms, "created_at": NOW, **changes})

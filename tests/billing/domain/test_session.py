"""Which refresh tokens a session takes."""

from datetime import timedelta
from typing import Any

import pytest

from services.billing.domain.session import RefreshToken, Session
from tests.billing.domain.builders import NOW, later

DAYS = timedelta(days=30)


def _session(**changes: Any) -> Session:
    terms = {"id": "a session", "user_id": "ada", "created_at": NOW, "expires_at": NOW + DAYS}
    return Session(**{**terms, **changes})


def _token(**changes: Any) -> RefreshToken:
    return RefreshToken(**{"session_id": "a session", "expires_at": NOW + DAYS, **changes})


def test_a_fresh_token_is_taken() -> None:
    assert _session().takes(_token(), now=NOW)


@pytest.mark.parametrize(
    ("session", "token"),
    [
        (_session(ended_at=NOW), _token()),
        (_session(expires_at=NOW), _token()),
        (_session(), _token(rotated_at=NOW)),
        (_session(), _token(expires_at=NOW)),
    ],
    ids=["ended session", "expired session", "rotated token", "expired token"],
)
def test_no_other_token_is_taken(session: Session, token: RefreshToken) -> None:
    assert not session.takes(token, now=NOW)


def test_each_exchange_begins_the_lifetime_anew() -> None:
    assert _session().prolong(now=later(hours=1), lifetime=DAYS).expires_at == later(hours=1) + DAYS


def test_a_session_ends_once() -> None:
    ended = _session().end(now=NOW)

    assert ended.end(now=later(hours=1)) == ended

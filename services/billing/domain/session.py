"""Sessions: how a person stays signed in by refresh tokens that work once each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from services.billing.domain.account import CredentialsRefused

REFRESH_START = "igny8r_"
GRACE = timedelta(seconds=10)
"""So long a token that was exchanged gets the same answer again: two pages may refresh at once, and answers get lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """One token of a session's family, without its secret."""

    session_id: str
    expires_at: datetime
    rotated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of a person: a family of refresh tokens, each made from the one before it."""

    id: str
    user_id: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def takes(self, token: RefreshToken, *, now: datetime) -> bool:
        """Whether the token may be exchanged now."""
        return not self._is_over(now) and token.rotated_at is None and token.expires_at > now

    def repeats(self, token: RefreshToken, *, now: datetime) -> bool:
        """Whether the token was exchanged only just now, so that it comes from the one who has its successor."""
        return not self._is_over(now) and token.rotated_at is not None and now - token.rotated_at <= GRACE

    def _is_over(self, now: datetime) -> bool:
        return self.ended_at is not None or self.expires_at <= now

    def prolong(self, *, now: datetime, lifetime: timedelta) -> Self:
        """The session after one more exchange."""
        return replace(self, expires_at=now + lifetime)

    def end(self, *, now: datetime) -> Self:
        """The session ended with its whole family; one that has ended before stays as it was."""
        return self if self.ended_at else replace(self, ended_at=now)


class SessionRefused(CredentialsRefused):
    """The refresh token is unknown, expired, used before, or of a session that was ended; never says which."""

    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in again.")

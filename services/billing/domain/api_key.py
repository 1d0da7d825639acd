"""Keys by which programs act for an account, or for the platform's own staff."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from chassis.refusal import FieldFault, RequestInvalid
from services.billing.domain.account import CredentialsRefused

KEY_START = "igny8_"
PREFIX_LENGTH = len(KEY_START) + 6
"""So much of a secret is kept to recognise it by; the other 220 bits stay unknown."""

TOKEN_LIFETIME = timedelta(minutes=5)
"""The longest a token made from a key lives, since a token cannot be taken back."""

USE_NOTED_EVERY = timedelta(minutes=5)


class Scope(StrEnum):
    """What a key may do: what a viewer, an editor or an owner may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key without its secret. A key without an account is an operator's."""

    id: str
    account_id: str | None
    name: str
    prefix: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To USE_NOTED_EVERY: a key in steady use is not worth a write with each of its calls."""

    def revoke(self, *, now: datetime) -> Self:
        """The key ended; one that has ended before stays as it was."""
        return self if self.revoked_at else replace(self, revoked_at=now)

    def token_ends_at(self, *, now: datetime) -> datetime:
        """When a token made from the key now must end. Raises CredentialsRefused for a key that has ended."""
        if self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now):
            raise KeyRefused
        latest = now + TOKEN_LIFETIME
        return latest if self.expires_at is None else min(latest, self.expires_at)


class KeyRefused(CredentialsRefused):
    """The key is unknown, expired or revoked; a caller is not told which."""

    def __init__(self) -> None:
        super().__init__("This API key is not valid. Make a new one on the page of the account's keys.")


def prefix_of(secret: str) -> str:
    """The part of a secret that people recognise it by."""
    return secret[:PREFIX_LENGTH]


def check_expiry(expires_at: datetime | None, *, now: datetime) -> None:
    """Raises RequestInvalid for a key that would be born dead."""
    if expires_at is not None and expires_at <= now:
        raise RequestInvalid(FieldFault("expires_at", "must lie in the future"))

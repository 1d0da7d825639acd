"""Accounts and the people in them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from chassis.refusal import AccountSuspended as AccountSuspended
from chassis.refusal import Refusal, StateConflict


class Role(StrEnum):
    """What a person may do in the account; each role includes the ones before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


class CredentialsRefused(Refusal):
    """An address with its password, or a key, that does not fit; never says which part."""

    reason = "CREDENTIALS_REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One customer of the platform, and the wall between customers."""

    id: str
    name: str
    created_at: datetime
    suspended: bool = False

    def check_may_write(self) -> None:
        """Raises AccountSuspended."""
        if self.suspended:
            raise AccountSuspended(self.id)

    def suspend(self) -> Self:
        """The account as it can only be read."""
        return replace(self, suspended=True)

    def lift_suspension(self) -> Self:
        """The account as it works again."""
        return replace(self, suspended=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who belongs to one account, or has been invited to."""

    id: str
    account_id: str
    email: str
    name: str
    role: Role
    created_at: datetime
    invited: bool = False
    """Whether the person has yet to accept, and to choose a password."""


class LastOwner(StateConflict):
    """The account would be left without anybody who may manage it."""

    def __init__(self, user: User) -> None:
        super().__init__(
            f"{user.email} is the only owner of this account. Make somebody else an owner first.",
            metadata={"kind": "user", "id": user.id, "state": "last_owner"},
        )


def check_owner_stays(user: User, *, role: Role | None, owners: int) -> None:
    """Raises LastOwner where the account's only owner who has joined would become something else, or go (None)."""
    if user.role is Role.OWNER and role is not Role.OWNER and not user.invited and owners <= 1:
        raise LastOwner(user)


def normal_email(email: str) -> str:
    """The form an address is stored and looked up in, so that one person cannot join twice by capitals."""
    return email.strip().lower()

"""Accounts and the people in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chassis.refusal import Refusal


class Role(StrEnum):
    """What a person may do in the account; each role includes the ones before it."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


class CredentialsRefused(Refusal):
    """An address with its password, or a key, that does not fit; never says which part."""

    reason = "CREDENTIALS_REFUSED"


class AccountSuspended(Refusal):
    """The platform has suspended the account: it can be read, and not written."""

    reason = "ACCOUNT_SUSPENDED"

    def __init__(self, account_id: str) -> None:
        super().__init__(
            "This account is suspended. Contact support.",
            metadata={"account_id": account_id},
        )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person who belongs to one account."""

    id: str
    account_id: str
    email: str
    name: str
    role: Role
    created_at: datetime


def normal_email(email: str) -> str:
    """The form an address is stored and looked up in, so that one person cannot join twice by capitals."""
    return email.strip().lower()

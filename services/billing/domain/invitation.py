"""Invitations: how a person joins an account that is already there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.billing.domain.account import CredentialsRefused

INVITATION_START = "igny8i_"
LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an invited person may join by, once; without its secret."""

    user_id: str
    expires_at: datetime

    def check_open(self, *, now: datetime) -> None:
        """Raises InvitationRefused."""
        if self.expires_at <= now:
            raise InvitationRefused


class InvitationRefused(CredentialsRefused):
    """The invitation is unknown, expired, replaced or used; never says which."""

    def __init__(self) -> None:
        super().__init__("This invitation is not valid any more. Ask an owner of the account for a new one.")

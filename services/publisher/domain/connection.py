"""How a site's target is reached: its address, its credentials under a seal, and whether it worked the last time."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

from chassis.refusal import FieldFault, RequestInvalid, StaleEtag
from services.publisher.domain.cause import Cause
from services.publisher.domain.item import wrong_move
from services.publisher.domain.target import Target

OVERLAP: Final = timedelta(hours=24)
"""How long deliveries are signed by the secrets before, too, after a new one was made."""

SECRETS_MAX: Final = 5
"""So many secrets sign at most, so that the header of signatures stays short."""


class ConnectionStatus(StrEnum):
    """untested > connected > lost > connected; changed credentials are untested."""

    UNTESTED = "untested"
    CONNECTED = "connected"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret in the open, which no repr, log or traceback shows."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._value


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """An opened connection, for calls to the target alone: never stored, logged or sent elsewhere.

    `secrets` are newest first: WordPress's application password, or the webhook's signing secrets, all of which sign.
    The built-in target has neither address nor secret. `version` is the connection's.
    """

    account_id: str
    site_id: str
    target: Target
    url: str = ""
    username: str = ""
    secrets: tuple[Secret, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One per site; a site without one is shown by the built-in target.

    `url` is WordPress's address without a slash at its end, or the address that a webhook posts to. `sealed` is the
    ciphertext of the secrets, newest first and one a line, under the sealing key `key_id`. Those after the first are
    good until `overlap_ends_at`. While it is lost, `cause` and `reason` say why and the way out.
    `loss_told`: people were told that it is lost, and are to be told when it works again. `actor` gave it.
    """

    site_id: str
    account_id: str
    target: Target
    url: str = ""
    username: str = ""
    key_id: str = ""
    sealed: bytes = field(default=b"", repr=False)
    overlap_ends_at: datetime | None = None
    status: ConnectionStatus = ConnectionStatus.UNTESTED
    cause: Cause | None = None
    reason: str = ""
    loss_told: bool = False
    tested_at: datetime | None = None
    version: int = 1
    actor: str = ""
    created_at: datetime
    updated_at: datetime

    @classmethod
    def built_in(cls, *, site_id: str, account_id: str, now: datetime) -> Self:
        """What a site has that was given none. It is never stored."""
        return cls(
            site_id=site_id,
            account_id=account_id,
            target=Target.HOSTED,
            status=ConnectionStatus.CONNECTED,
            version=0,
            created_at=now,
            updated_at=now,
        )

    @property
    def etag(self) -> str:
        """It changes with what a person gave, and not with what a test found."""
        return str(self.version)

    def check_etag(self, etag: str) -> None:
        """StaleEtag when somebody gave another after `etag` was read; an empty one checks nothing."""
        if etag and etag != self.etag:
            raise StaleEtag(kind="connection", etag=self.etag)

    def leads_to(self, *, target: Target, url: str, username: str) -> bool:
        """Whether a secret that was given for this connection may go there too."""
        return (self.target, self.url, self.username) == (target, url, username)

    def succeed(self, *, now: datetime) -> Self:
        """It was tested, or something was delivered by it."""
        return replace(
            self,
            status=ConnectionStatus.CONNECTED,
            cause=None,
            reason="",
            loss_told=False,
            tested_at=now,
        )

    def lose(self, cause: Cause, reason: str, *, tell: bool = True, now: datetime) -> Self:
        """The target did not let us do what publishing needs; `tell` people of it, unless they were told."""
        return replace(
            self,
            status=ConnectionStatus.LOST,
            cause=cause,
            reason=reason,
            loss_told=self.loss_told or tell,
            tested_at=now,
        )

    def overlaps(self, *, now: datetime) -> bool:
        """Whether secrets before the newest are still good."""
        return self.overlap_ends_at is not None and now < self.overlap_ends_at

    def rotate(self, kept: int, *, now: datetime) -> Self:
        """A newer secret comes before `kept` others, all of which stay good for a day. The new one is to be sealed.

        StateConflict where the target's secret is not ours to make, and for more than a handful within a day.
        """
        if self.target is not Target.WEBHOOK:
            raise wrong_move(
                "connection",
                state=self.target,
                cannot="given a new signing secret",
                way_out="Only a webhook has one.",
            )
        if kept >= SECRETS_MAX:
            raise wrong_move(
                "connection",
                state=self.status,
                cannot="given one more signing secret",
                way_out=f"It has {kept} that are good until {self.overlap_ends_at:%Y-%m-%d %H:%M} UTC.",
            )
        return replace(self, overlap_ends_at=now + OVERLAP, version=self.version + 1, updated_at=now)


def checked_url(url: str, *, target: Target) -> str:
    """The address in its one form. RequestInvalid for what is no address of a site or a receiver.

    Whether it may be called is seen when it is: a name can lead elsewhere by then.
    """
    parts = urlsplit(url.strip())
    fault = ""
    if parts.username is not None or parts.password is not None:
        fault = "must not hold a name or a password: give them in their own fields"
    elif parts.fragment:
        fault = "must not hold a #"
    elif target is Target.WORDPRESS and parts.query:
        fault = "must be the address of the site, without a ?"
    if fault:
        raise RequestInvalid(FieldFault("url", fault))
    path = parts.path.rstrip("/") if target is Target.WORDPRESS else parts.path or "/"
    for ending in ("/wp-admin", "/wp-login.php", "/wp-json"):
        if target is Target.WORDPRESS:
            path = path.removesuffix(ending)
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, parts.query, ""))


def place_of(account_id: str, site_id: str) -> tuple[str, str, str]:
    """What the seal of a connection's secrets is bound to: the table, the account and the site."""
    return ("publisher.connection", account_id, site_id)

"""How often somebody may try to sign in."""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.refusal import Refusal

WINDOW = timedelta(minutes=15)

PERSON_FROM_ADDRESS_MAX = 10
PERSON_MAX = 100
"""From wherever: guessing from many addresses. NIST SP 800-63B, 5.2.2, allows at most 100 failures in a row."""

ADDRESS_MAX = 100
"""For whomever: one address that tries many people."""

IPV6_PREFIX = 64
"""A household or a server gets a whole such network, and with it 2^64 addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many failures are allowed under this key within a window."""

    key: str
    attempts_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What has been counted under a key, in a window that ends."""

    key: str
    attempts: int
    window_ends_at: datetime


class TooManySignIns(Refusal):
    """Too many failures in a row, by this person or from this address; never says which."""

    reason = "RATE_LIMITED"

    def __init__(self, *, retry_after_seconds: int) -> None:
        minutes = math.ceil(retry_after_seconds / 60)
        super().__init__(
            f"Too many attempts to sign in. Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
            metadata={"retry_after_seconds": str(retry_after_seconds)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a person (address in its normal form; empty where it is about none) from a client's network."""

    email: str
    client_address: str

    @property
    def own(self) -> tuple[Limit, ...]:
        """The limits that a success forgets, since whoever knows the password need not guess."""
        if not self.email:
            return ()
        network = network_of(self.client_address)
        return (
            Limit(key=_key("person", self.email), attempts_max=PERSON_MAX),
            Limit(key=_key("person from", self.email, network), attempts_max=PERSON_FROM_ADDRESS_MAX),
        )

    @property
    def shared(self) -> tuple[Limit, ...]:
        """The limits that a success of one person does not lift for the others."""
        network = network_of(self.client_address)
        return (Limit(key=_key("from", network), attempts_max=ADDRESS_MAX),) if network else ()

    @property
    def limits(self) -> tuple[Limit, ...]:
        """All limits, in the one order in which they are counted and locked."""
        return tuple(sorted((*self.own, *self.shared), key=lambda limit: limit.key))


def check(limits: tuple[Limit, ...], counted: list[Attempts], *, now: datetime) -> None:
    """Raises TooManySignIns where a count passes its limit."""
    allowed = {limit.key: limit.attempts_max for limit in limits}
    ends = [one.window_ends_at for one in counted if one.attempts > allowed[one.key]]
    if ends:
        raise TooManySignIns(retry_after_seconds=max(1, math.ceil((max(ends) - now).total_seconds())))


def network_of(address: str) -> str:
    """What one client can be taken to have: an IPv4 address, or an IPv6 network; empty for anything else."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


def _key(*parts: str) -> str:
    # Hashed, so that the table does not collect the addresses of people who never joined.
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

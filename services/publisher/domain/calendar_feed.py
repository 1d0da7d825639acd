"""The secret address under which calendar programs read a site's calendar."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFeed:
    """`created_by` is an actor. The secret is known to whoever has the address; here is only its SHA-256 in hex."""

    site_id: str
    account_id: str
    secret_hash: str
    created_by: str
    created_at: datetime


def hash_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """43 characters that fit into an address."""
    return secrets.token_urlsafe(32)

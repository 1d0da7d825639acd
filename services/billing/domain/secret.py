"""Secrets that programs keep: 256 random bits, shown once and stored as a hash."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

SECRET_BYTES = 32


def new_secret(start: str) -> str:
    """A secret nobody can guess: `start`, by which people and scanners know its kind, and 43 characters."""
    return start + secrets.token_urlsafe(SECRET_BYTES)


def successor_of(secret: str, start: str, *, key: bytes) -> str:
    """The secret that follows another: the same whenever it is asked for, and as hard to guess for who has no key."""
    digest = hmac.digest(key, secret.encode(), "sha256")
    return start + urlsafe_b64encode(digest).decode().rstrip("=")


def hash_of(secret: str) -> str:
    """What is stored of a secret. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()

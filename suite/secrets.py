"""The random secrets of one data folder: made once, kept in files only the owner may read."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from suite import private_file
from suite.databases import READ_ONLY, SERVICES

_FILE = "secrets.json"
_KEYS_FILE = "keys.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Everything the embedded suite must keep to itself."""

    secret_key: str
    """`IGNY8_SECRET_KEY` of all services."""

    postgres: str
    """Password of the database's owner."""

    nats: str
    """Password of the NATS user."""

    roles: dict[str, str]
    """Passwords of the services' database roles and of the read-only one, by short name."""


def load_or_make(data_dir: Path) -> Secrets:
    """The folder's secrets; those it does not have yet are made and written (0600).

    Call while holding the folder's lock.
    """
    path = data_dir / _FILE
    kept = private_file.read(path) or {}
    kept_roles = kept.get("roles", {})
    found = Secrets(
        secret_key=kept.get("secret_key") or secrets.token_hex(32),
        postgres=kept.get("postgres") or secrets.token_urlsafe(32),
        nats=kept.get("nats") or secrets.token_urlsafe(32),
        roles={name: kept_roles.get(name) or secrets.token_urlsafe(32) for name in (*SERVICES, READ_ONLY)},
    )
    content = {
        "secret_key": found.secret_key,
        "postgres": found.postgres,
        "nats": found.nats,
        "roles": found.roles,
    }
    if content != kept:
        private_file.write(path, content)
    return found


def keep_secret_key(data_dir: Path, key: str) -> None:
    """Keep the key that a suite of containers was given, in the place of one made here."""
    path = data_dir / _FILE
    private_file.write(path, (private_file.read(path) or {}) | {"secret_key": key})


def keep_api_key(data_dir: Path, name: str, key: str) -> None:
    """Keep an API key under a name (`demo`, `operator`), for `igny8 token` to print."""
    path = data_dir / _KEYS_FILE
    private_file.write(path, (private_file.read(path) or {}) | {name: key})


def kept_api_key(data_dir: Path, name: str) -> str | None:
    """The API key kept under that name; None when there is none yet."""
    key = (private_file.read(data_dir / _KEYS_FILE) or {}).get(name)
    return str(key) if key else None

"""The forms a string may be asked to have by `rules.format`, each with the words that say so."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Format:
    """A form of strings: how to tell, and how to say it."""

    words: str
    accepts: Callable[[str], bool]


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


def _is_date(value: str) -> bool:
    if _DATE.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _is_time_zone(value: str) -> bool:
    """Whether the IANA database has the zone. The pattern keeps paths out of the file look-up."""
    if _ZONE.fullmatch(value) is None or value in ("localtime", "posixrules", "Factory"):
        return False
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_uri(value: str) -> bool:
    if not value.isascii() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


FORMATS: Final = {
    "uuid": Format(
        "an id, such as 01920c9e-5f7a-7c3b-9d7e-2f6a1b3c4d5e",
        _matches(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"),
    ),
    "decimal": Format("a decimal number, such as 12.50", _matches(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?")),
    "time_zone": Format("a time zone of the IANA database, such as Europe/Berlin", _is_time_zone),
    "email": Format(
        "an e-mail address, such as name@example.com",
        # One @, a dot in the domain, nothing that could forge a mail header; the rest only a mail can prove.
        _matches(
            r"(?=.{3,254}\Z)[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[^\s@.\"(),:;<>\[\]\\]{1,63}\.)+[^\s@.\"(),:;<>\[\]\\]{2,63}"
        ),
    ),
    "uri": Format("an address that begins with http:// or https://", _is_uri),
    "date": Format("a date, such as 2026-11-20", _is_date),
    "local_time": Format("a time of day, such as 09:30", _matches(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")),
    "slug": Format(
        "lower-case letters, digits and single hyphens, such as spring-garden",
        _matches(r"[a-z0-9]+(?:-[a-z0-9]+)*"),
    ),
}
"""By the names that `rules.format` knows."""

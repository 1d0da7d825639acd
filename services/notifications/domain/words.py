"""Sentences and their parts: numbers with units, quoted titles, instants, full stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

TITLE_LENGTH_MAX = 80
"""A quoted article title longer than this is cut."""


class Severity(StrEnum):
    """How a notification should look."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read: one line, a sentence or a few, and how it looks."""

    title: str
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What there is to put into words: how many events, whether of one run, and the metadata they come to."""

    count: int
    in_run: bool
    metadata: Mapping[str, Any]

    def number(self, name: str) -> int:
        return int(self.metadata.get(name, 0))

    def text(self, name: str) -> str:
        return str(self.metadata.get(name, ""))


def amount(number: int, singular: str, plural: str = "") -> str:
    """`1 credit`, `1,200 credits`."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; at least one part."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last


def quoted(title: str) -> str:
    """A title inside a sentence; an article may have none."""
    return f"“{shortened(title, TITLE_LENGTH_MAX)}”" if title.strip() else "An untitled article"


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends as a sentence already does; nothing stays nothing."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def sentences(*parts: str) -> str:
    """One after the other, empty ones left out."""
    return " ".join(part for part in map(sentence, parts) if part)


def shortened(text: str, length_max: int) -> str:
    """At most so many characters, the last an ellipsis where something was cut."""
    text = text.strip()
    return text if len(text) <= length_max else f"{text[: length_max - 1].rstrip()}…"


def instant(text: str) -> str:
    """An RFC 3339 instant as people say it, in UTC: `3 November 2026 at 09:00 UTC`."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%B %Y} at {at:%H:%M} UTC"

"""Reads what WordPress answers, which is not always JSON, not always alone, and not always its own."""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.publisher.targets.wordpress.faults import NOT_SAID, Ending, Trouble, WordPressFault

SAID_CHARACTERS_MAX: Final = 300

_TAG = re.compile(r"<[^>]*>")

_PERMANENT: Final = frozenset({"rest_upload_sideload_error", "rest_upload_unknown_error", "empty_term_name"})
"""Codes that come with a 500 and stay, however often one asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of WordPress itself. `data` is its JSON; None where there was none."""

    status: int
    data: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """WordPress's name of an error; empty for none."""
        return str(self.data.get("code", "")) if isinstance(self.data, dict) else ""

    @property
    def said(self) -> str:
        """WordPress's sentence about an error, as plain text."""
        message = str(self.data.get("message", "")) if isinstance(self.data, dict) else ""
        plain = html.unescape(_TAG.sub("", message)).strip()
        return (plain or NOT_SAID)[:SAID_CHARACTERS_MAX]

    @property
    def detail(self) -> Mapping[str, Any]:
        """What an error says in `data`."""
        found = self.data.get("data") if isinstance(self.data, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def item(self) -> dict[str, Any]:
        """The one thing answered with."""
        assert isinstance(self.data, dict), "checked by whoever asked for one"
        return self.data

    @property
    def items(self) -> list[dict[str, Any]]:
        """The list answered with."""
        assert isinstance(self.data, list), "checked by whoever asked for a list"
        return self.data


def read_json(body: bytes) -> Any:
    """The JSON of a body, also where notices of PHP stand before it; None where there is none."""
    text = body.decode("utf-8", "replace").strip().removeprefix("\ufeff")
    try:
        return json.loads(text)
    except ValueError:
        pass
    for start in (found.start() for found in re.finditer(r"(?m)(?:(?<=>)|^)\s*[{\[]", text)):
        try:
            return json.loads(text[start:].strip())
        except ValueError:
            continue
    return None


def fault_of(reply: Reply, *, host: str, user: str, writes: bool) -> WordPressFault | None:
    """What a reply refuses; None for one that did what was asked, and for errors that only the asker understands.

    A server's own fault says nothing about what a write has done: its answer counts as lost.
    """
    status, lost = reply.status, Ending.LOST if writes else None

    def fault(trouble: Trouble, *, ending: Ending | None = None, to: str = "") -> WordPressFault:
        return WordPressFault(
            trouble,
            host=host,
            user=user,
            status=status,
            said=reply.said,
            to=to,
            code=reply.code,
            ending=ending,
            retry_after_seconds=_retry_after_seconds(reply.headers),
        )

    if status == 503 and "retry-after" in reply.headers:
        # WordPress in maintenance mode answers before it does anything.
        return fault(Trouble.MAINTENANCE)
    if status == 429:
        return fault(Trouble.RATE_LIMITED)
    if reply.code in _PERMANENT:
        return fault(Trouble.PICTURE_NOT_ACCEPTED)
    if status >= 500 or status == 408:
        return fault(Trouble.TARGET_FAULT, ending=lost)
    if status == 413:
        return fault(Trouble.TOO_LARGE)
    if 300 <= status < 400:
        return fault(Trouble.REDIRECTED, to=reply.headers.get("location", "another address"))
    if status == 401 or _is_forbidden_status(reply):
        return fault(Trouble.PASSWORD_WRONG)
    if reply.data is None and status == 403:
        return fault(Trouble.BLOCKED)
    if reply.data is None:
        return fault(Trouble.ANSWER_UNREADABLE, ending=lost if status < 300 else None)
    return None


def _is_forbidden_status(reply: Reply) -> bool:
    """A lookup with `status=any` by nobody is a 400 that says "Status is forbidden."."""
    params = reply.detail.get("params")
    return reply.status == 400 and isinstance(params, dict) and "forbidden" in str(params.get("status", ""))


def _retry_after_seconds(headers: Mapping[str, str]) -> float:
    """The seconds of a Retry-After header; 0 without one, and for a date, which hosts rarely send."""
    given = headers.get("retry-after", "").strip()
    return float(given) if given.isdecimal() and len(given) < 8 else 0.0

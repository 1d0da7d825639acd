"""Ids: UUIDv7 strings, so that newer rows sort after older ones and indexes stay compact."""

import os
import re
import threading
import time

from chassis.refusal import NotFound

_FORM = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, method 1 of section 6.2): within one process each is greater than the one before."""
    global _last
    # The 12 bits behind the milliseconds count up, so a burst within one millisecond keeps its order.
    stamp = (time.time_ns() // 1_000_000) << 12
    with _lock:
        _last = stamp = max(stamp, _last + 1)
    milliseconds, count = stamp >> 12, stamp & 0xFFF
    random = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    text = f"{(milliseconds << 80) | (7 << 76) | (count << 64) | (2 << 62) | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Whether the text has the form of an id; PostgreSQL refuses anything else in a uuid column."""
    return _FORM.fullmatch(text) is not None


def known_id(text: str, *, kind: str) -> str:
    """The id in lower case; raises NotFound for a malformed one, which cannot be told from an unknown one."""
    if not is_id(text):
        raise NotFound(kind=kind, id=text[:100])
    return text.lower()

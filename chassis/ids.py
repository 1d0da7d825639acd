"""Ids: UUIDv7 strings, so that newer rows sort after older ones and indexes stay compact."""

import os
import re
import threading
import time

from chassis.refusal import NotFound

_FORM = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_POOL_BYTES = 4096
_lock = threading.Lock()
_last = 0
_pool = b""
_used = 0


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, method 1 of section 6.2): within one process each is greater than the one before."""
    global _last, _pool, _used
    # The 12 bits behind the milliseconds count up, so a burst within one millisecond keeps its order.
    stamp = (time.time_ns() // 1_000_000) << 12
    with _lock:
        _last = stamp = max(stamp, _last + 1)
        # Random bytes are asked for in stock: a call of the system for each id is most of what it costs.
        if _used == len(_pool):
            _pool, _used = os.urandom(_POOL_BYTES), 0
        random = int.from_bytes(_pool[_used : _used + 8], "big") & ((1 << 62) - 1)
        _used += 8
    milliseconds, count = stamp >> 12, stamp & 0xFFF
    text = f"{(milliseconds << 80) | (7 << 76) | (count << 64) | (2 << 62) | random:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _forget_pool() -> None:
    """A child process begins with random bytes of its own."""
    global _pool, _used
    _pool, _used = b"", 0


os.register_at_fork(after_in_child=_forget_pool)


def is_id(text: str) -> bool:
    """Whether the text has the form of an id; PostgreSQL refuses anything else in a uuid column."""
    return _FORM.fullmatch(text) is not None


def known_id(text: str, *, kind: str) -> str:
    """The id in lower case; raises NotFound for a malformed one, which cannot be told from an unknown one."""
    if not is_id(text):
        raise NotFound(kind=kind, id=text[:100])
    return text.lower()

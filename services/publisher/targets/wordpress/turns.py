"""One article at a time, in this process, for what WordPress looks up and makes in two steps: at once it takes it twice."""

import asyncio
from typing import Final
from weakref import WeakValueDictionary

from services.publisher.targets.wordpress.client import WordPressClient

_locks: Final[WeakValueDictionary[tuple[str, str], asyncio.Lock]] = WeakValueDictionary()


def turn(client: WordPressClient, name: str) -> asyncio.Lock:
    """The lock on that name at that WordPress. Who takes several takes them in the order of their names."""
    return _locks.setdefault((client.account.base, name), asyncio.Lock())

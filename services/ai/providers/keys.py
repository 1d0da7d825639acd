"""Keys of accounts at providers, opened and remembered for a moment by the process that calls with them."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

REMEMBERED_SECONDS: Final = 5.0
"""A key that was replaced or deleted is used no longer than this."""

REMEMBERED_MAX: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKey:
    """An account's own key, opened. It never leaves the process but to its provider."""

    secret: str = field(repr=False)
    last4: str


ReadKey = Callable[[str, str], Awaitable[AccountKey | None]]
"""The key of an account (its id) at a provider (its name); None without one."""


async def no_keys(_account_id: str, _provider: str) -> AccountKey | None:
    """Where accounts have no keys of their own."""
    return None


class AccountKeys:
    """Reads keys, each at most once in five seconds."""

    def __init__(self, read: ReadKey, *, now: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._now = now
        self._remembered: OrderedDict[tuple[str, str], tuple[float, AccountKey | None]] = OrderedDict()

    async def __call__(self, account_id: str, provider: str) -> AccountKey | None:
        """The account's key at the provider; None without one. Raises what reading raises."""
        wanted = account_id, provider
        known = self._remembered.get(wanted)
        if known is not None and self._now() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        since = self._now()
        key = await self._read(account_id, provider)
        self._remembered[wanted] = since, key
        self._remembered.move_to_end(wanted)
        if len(self._remembered) > REMEMBERED_MAX:
            self._remembered.popitem(last=False)
        return key

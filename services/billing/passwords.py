"""Passwords, hashed with argon2id in a few threads of their own, so that a flood of sign-ins cannot take the machine."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter

THREADS: Final = 4
MEMORY_KIB_MIN: Final = 19_456
PASSES_MIN: Final = 2
_LANES: Final = 1

VERIFIED = Counter(
    "password_verifications_total", "Passwords checked against a hash, a real one or nobody's."
)


class Passwords:
    """Hashes and checks passwords. An unknown person's takes as long as a known one's.

    The least parameters are what OWASP's Password Storage Cheat Sheet recommends for argon2id: 19 MiB, two
    passes, one lane.
    """

    def __init__(self, *, memory_kib: int = MEMORY_KIB_MIN, passes: int = PASSES_MIN) -> None:
        assert memory_kib >= MEMORY_KIB_MIN, "less memory than OWASP recommends"
        assert passes >= PASSES_MIN, "fewer passes than OWASP recommends"
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=_LANES)
        self._nobodys = self._hasher.hash("nobody has this password")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")

    async def hash(self, password: str) -> str:
        """The hash to store, with its salt and parameters."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def fits(self, password: str, *, stored: str | None) -> bool:
        """Whether the password has the stored hash; False, just as late, where there is none."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._fits, password, stored)

    async def renewed(self, password: str, *, stored: str) -> str | None:
        """The hash to store instead, where the stored one has other parameters than new ones get; usually None."""
        return await self.hash(password) if self._hasher.check_needs_rehash(stored) else None

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _fits(self, password: str, stored: str | None) -> bool:
        VERIFIED.inc()
        try:
            self._hasher.verify(stored or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

"""Who asks: bearer tokens are verified here, API keys exchanged at billing for short tokens and soon forgotten."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from chassis.errors import remote_refusal
from chassis.identity import Caller, TokenVerifier
from chassis.refusal import Refusal, Unauthenticated

API_KEY_PREFIX = "igny8_"
KEY_SECONDS_MAX = 4.0
"""How long an exchanged key is believed, so that its revocation is felt within 5 seconds."""

KEYS_MAX = 10_000
TOKEN_LENGTH_MAX = 8_192

Exchange = Callable[[str], Awaitable[str]]
"""An API key -> an access token. Raises the refusal of billing."""


class Access:
    """Turns an Authorization header into the token that travels on, and into the caller it speaks for."""

    def __init__(
        self, verifier: TokenVerifier, exchange: Exchange, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._verifier = verifier
        self._exchange = exchange
        self._monotonic = monotonic
        self._tokens: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._exchanges: dict[bytes, asyncio.Task[str]] = {}

    async def token(self, authorization: str) -> str:
        """The token to forward. Raises Unauthenticated, or CREDENTIALS_REFUSED for a key that is no good."""
        scheme, _, credential = authorization.partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential or len(credential) > TOKEN_LENGTH_MAX:
            raise Unauthenticated("Send an API key or an access token in the header Authorization: Bearer ….")
        if credential.startswith(API_KEY_PREFIX):
            credential = await self._of_key(credential)
        self._verifier.verify(credential)
        return credential

    async def caller(self, authorization: str) -> Caller:
        """The caller, verified. Raises as `token` does."""
        return self._verifier.verify(await self.token(authorization))

    async def _of_key(self, key: str) -> str:
        digest = hashlib.sha256(key.encode()).digest()
        known = self._tokens.get(digest)
        if known is not None and self._monotonic() < known[1]:
            return known[0]
        task = self._exchanges.get(digest)
        if task is None:
            # One exchange for all who wait for the same key; its time counts from before billing was asked.
            task = asyncio.create_task(self._exchanged(digest, key, self._monotonic() + KEY_SECONDS_MAX))
            self._exchanges[digest] = task
            task.add_done_callback(lambda _: self._exchanges.pop(digest, None))
        try:
            return await asyncio.shield(task)
        except Refusal as refusal:
            if refusal.reason in ("UNAUTHENTICATED", "REQUEST_INVALID"):
                raise remote_refusal(
                    "CREDENTIALS_REFUSED", "This API key is not valid.", service="billing"
                ) from None
            raise

    async def _exchanged(self, digest: bytes, key: str, until: float) -> str:
        self._tokens.pop(digest, None)
        token = await self._exchange(key)
        self._tokens[digest] = (token, until)
        if len(self._tokens) > KEYS_MAX:
            self._tokens.popitem(last=False)
        return token

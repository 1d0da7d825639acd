"""Who asks: bearer tokens are verified here, API keys and sessions exchanged at billing for short tokens and soon forgotten."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from chassis.errors import remote_refusal
from chassis.identity import Caller, TokenVerifier
from chassis.refusal import Refusal, Unauthenticated
from gateway.credentials import Credentials
from gateway.csrf import CsrfTokens

API_KEY_PREFIX = "igny8_"
KEY_SECONDS_MAX = 4.0
"""How long an exchanged key is believed, so that its revocation is felt within 5 seconds."""

SESSION_SECONDS_MAX = 20.0
"""How long an exchanged session is believed. Signing out here is felt at once, a removal or a new role in this time."""

REMEMBERED_MAX = 10_000
TOKEN_LENGTH_MAX = 8_192

Exchange = Callable[[str], Awaitable[str]]
"""The secret of an API key or of a session -> an access token. Raises the refusal of billing."""


class Access:
    """Turns credentials into the token that travels on, and into the caller it speaks for."""

    def __init__(
        self,
        verifier: TokenVerifier,
        *,
        key: Exchange,
        session: Exchange,
        csrf: CsrfTokens,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`key` and `session` exchange the secrets of API keys and of sessions."""
        self._verifier = verifier
        self._csrf = csrf
        self._keys = _Exchanged(
            key,
            "This API key is not valid. Make a new one on the page of the account's keys.",
            lambda: KEY_SECONDS_MAX,
            monotonic,
        )
        self._sessions = _Exchanged(
            session, "You are signed out. Sign in again.", lambda: SESSION_SECONDS_MAX, monotonic
        )

    async def token(self, credentials: Credentials, *, changes: bool = False) -> str:
        """The token to forward; `changes` says that it is for a call that may change something.

        Raises Unauthenticated, CREDENTIALS_REFUSED for a key or session that is no good, CsrfRefused for a cookie
        that comes without its token where something may change.
        """
        if credentials.by_cookie:
            if changes:
                self._csrf.check(credentials)
            token = await self._sessions.token(credentials.session)
        else:
            token = await self._bearer(credentials.authorization)
        self._verifier.verify(token)
        return token

    async def caller(self, credentials: Credentials) -> Caller:
        """The caller of a read, verified. Raises as `token` does."""
        return self._verifier.verify(await self.token(credentials))

    def caller_of(self, token: str) -> Caller:
        """The caller of a token that `token` gave. Raises Unauthenticated when it has expired since."""
        return self._verifier.verify(token)

    def believed_seconds(self, credentials: Credentials) -> float:
        """How long a key or session is still believed without asking billing again, at most 0 for one that is not.

        For a token of its own it is without end: it cannot be taken back, and expires by itself.
        """
        if credentials.by_cookie:
            return self._sessions.believed_seconds(credentials.session)
        secret = credentials.authorization.partition(" ")[2].strip()
        return self._keys.believed_seconds(secret) if secret.startswith(API_KEY_PREFIX) else math.inf

    def forget_session(self, secret: str) -> None:
        """A session that was signed out is not believed any longer."""
        self._sessions.forget(secret)

    async def _bearer(self, authorization: str) -> str:
        scheme, _, credential = authorization.partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential or len(credential) > TOKEN_LENGTH_MAX:
            raise Unauthenticated("Send an API key or an access token in the header Authorization: Bearer ….")
        return await self._keys.token(credential) if credential.startswith(API_KEY_PREFIX) else credential


class _Exchanged:
    """The tokens that secrets of one kind were exchanged for, by the secrets' hashes, each for a short time."""

    def __init__(
        self,
        exchange: Exchange,
        refusal: str,
        seconds_max: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._exchange = exchange
        self._refusal = refusal
        self._seconds_max = seconds_max
        self._monotonic = monotonic
        self._tokens: OrderedDict[bytes, tuple[str, float]] = OrderedDict()
        self._exchanges: dict[bytes, asyncio.Task[str]] = {}

    async def token(self, secret: str) -> str:
        digest = hashlib.sha256(secret.encode()).digest()
        known = self._tokens.get(digest)
        if known is not None and self._monotonic() < known[1]:
            return known[0]
        task = self._exchanges.get(digest)
        if task is None:
            # One exchange for all who wait for the same one; its time counts from before billing was asked.
            until = self._monotonic() + self._seconds_max()
            task = asyncio.create_task(self._exchanged(digest, secret, until))
            self._exchanges[digest] = task
            task.add_done_callback(lambda _: self._exchanges.pop(digest, None))
        try:
            return await asyncio.shield(task)
        except Refusal as refusal:
            if refusal.reason in ("UNAUTHENTICATED", "REQUEST_INVALID", "CREDENTIALS_REFUSED"):
                raise remote_refusal("CREDENTIALS_REFUSED", self._refusal, service="billing") from None
            raise

    def believed_seconds(self, secret: str) -> float:
        known = self._tokens.get(hashlib.sha256(secret.encode()).digest())
        return 0.0 if known is None else known[1] - self._monotonic()

    def forget(self, secret: str) -> None:
        digest = hashlib.sha256(secret.encode()).digest()
        self._tokens.pop(digest, None)
        task = self._exchanges.get(digest)
        if task is not None:
            # What billing answered before it was told must not be believed after.
            task.add_done_callback(lambda _: self._tokens.pop(digest, None))

    async def _exchanged(self, digest: bytes, secret: str, until: float) -> str:
        self._tokens.pop(digest, None)
        token = await self._exchange(secret)
        self._tokens[digest] = (token, until)
        if len(self._tokens) > REMEMBERED_MAX:
            self._tokens.popitem(last=False)
        return token

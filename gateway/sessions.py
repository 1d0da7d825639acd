"""Sessions in the browser: the cookies that sign-in sets, that a refresh changes, and that signing out takes away.

The cookie holds billing's refresh token, which no script can read. It is exchanged for an access token at each call, so
that a page never handles one, and rotated at `Refresh` as every refresh token is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message
from igny8.options.v1 import options_pb2
from starlette.responses import Response

from chassis.clock import Clock
from chassis.plain import instant_from_proto
from chassis.refusal import FieldFault, Refusal, RequestInvalid
from gateway.credentials import CSRF_COOKIE, SESSION_COOKIE, Credentials, cookie_name
from gateway.csrf import CsrfTokens
from gateway.operations import Operation

MODE_HEADER: Final = "x-session"
MODE_COOKIE: Final = "cookie"
"""With this value sign-in answers no tokens: the cookie is all, and no script on the page ever sees a secret."""

_FIELD: Final = "refresh_token"
_TOKEN_FIELDS: Final = ("access_token", _FIELD)


@dataclass(frozen=True, slots=True)
class SessionPart:
    """What a method has to do with sessions, from the fields of its messages."""

    takes: bool
    """Its request has a refresh token, which the cookie may bring."""
    gives: bool
    """Its response has a refresh token, which becomes the cookie."""

    @property
    def ends(self) -> bool:
        """Signing out: it takes the token and gives none."""
        return self.takes and not self.gives


def session_part(operation: Operation) -> SessionPart | None:
    """The part an operation has in sessions, None for one without."""
    if operation.access != options_pb2.ACCESS_PUBLIC:
        return None
    takes = _FIELD in operation.method.input_type.fields_by_name
    gives = _FIELD in operation.method.output_type.fields_by_name
    return SessionPart(takes, gives) if takes or gives else None


Call = Callable[[Message], Awaitable[Message]]


class Sessions:
    """Carries refresh tokens between billing and the cookie."""

    def __init__(self, csrf: CsrfTokens, forget: Callable[[str], None], clock: Clock) -> None:
        """`forget` stops believing a session that was signed out."""
        self._csrf = csrf
        self._forget = forget
        self._clock = clock
        self._refreshing: dict[str, asyncio.Task[Message]] = {}

    async def answer(
        self,
        part: SessionPart,
        request: Any,
        headers: dict[str, str],
        credentials: Credentials,
        call: Call,
        write: Callable[[Message], Response],
    ) -> Response:
        """The answer of a method that begins, goes on with or ends a session, with its cookies.

        Raises CsrfRefused where the cookie brings the token without its CSRF token, RequestInvalid for an unknown mode.
        """
        hidden = _without_tokens(headers)
        secret = credentials.session if part.takes and not request.refresh_token else ""
        if secret:
            self._csrf.check(credentials)
            request.refresh_token = secret
        try:
            response = await (self._once(secret, request, call) if secret and part.gives else call(request))
        except Refusal as refusal:
            if secret and refusal.reason == "CREDENTIALS_REFUSED":
                # Whatever cookie is there is of a session that is over.
                raise SessionOver(refusal, self._cleared(credentials)) from None
            raise
        cookies = self._cookies(part, response, credentials, is_own=bool(secret))
        if hidden or secret:
            response = _without(response)
        answer = write(response)
        for cookie in cookies:
            answer.headers.append("Set-Cookie", cookie)
        if part.ends:
            self._forget(request.refresh_token)
        return answer

    async def _once(self, secret: str, request: Message, call: Call) -> Message:
        """Two pages that refresh at the same moment share one call: the second would end their session."""
        task = self._refreshing.get(secret)
        if task is None:
            task = self._refreshing[secret] = asyncio.ensure_future(call(request))
            task.add_done_callback(lambda _: self._refreshing.pop(secret, None))
        return await asyncio.shield(task)

    def _cookies(
        self, part: SessionPart, response: Any, credentials: Credentials, *, is_own: bool
    ) -> list[str]:
        if part.gives:
            until = instant_from_proto(response.refresh_token_expires_at)
            seconds = int((until - self._clock.now()).total_seconds())
            token = response.refresh_token
            return [
                _cookie(SESSION_COOKIE, token, credentials, seconds=seconds, script=False),
                _cookie(CSRF_COOKIE, self._csrf.of(token), credentials, seconds=seconds, script=True),
            ]
        return self._cleared(credentials) if is_own else []

    def _cleared(self, credentials: Credentials) -> list[str]:
        return [
            _cookie(SESSION_COOKIE, "", credentials, seconds=0, script=False),
            _cookie(CSRF_COOKIE, "", credentials, seconds=0, script=True),
        ]


class SessionOver(Exception):
    """A refusal that comes with cookies that take the session away."""

    def __init__(self, refusal: Refusal, cookies: list[str]) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.cookies = cookies


def _without_tokens(headers: dict[str, str]) -> bool:
    mode = headers.get(MODE_HEADER)
    if mode not in (None, MODE_COOKIE):
        raise RequestInvalid(FieldFault("X-Session", f"must be {MODE_COOKIE}, or be left out"))
    return mode is not None


def _without(response: Message) -> Message:
    """The answer without its secrets; a copy, since more than one may have been waiting for it."""
    shown = type(response)()
    shown.CopyFrom(response)
    for name in _TOKEN_FIELDS:
        if name in shown.DESCRIPTOR.fields_by_name:
            shown.ClearField(name)
    return shown


def _cookie(name: str, value: str, credentials: Credentials, *, seconds: int, script: bool) -> str:
    """A Set-Cookie header. SameSite=Strict: the pages fetch from their own origin only; `script` lets them read it."""
    parts = [f"{cookie_name(name, secure=credentials.secure)}={value}", f"Max-Age={seconds}", "Path=/"]
    parts += (
        ["SameSite=Strict"] + ([] if script else ["HttpOnly"]) + (["Secure"] if credentials.secure else [])
    )
    return "; ".join(parts)

"""Pages of other origins that a setting allows: what their browsers are told (Starlette's rules, within our one way in)."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.refusals import OriginRefused

EXPOSED_HEADERS: Final = ("ETag", "X-Trace-Id", "Retry-After", "Location", "RateLimit", "RateLimit-Policy")
ACCEPTED_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "traceparent",
)


class Cors:
    """Answers preflights and marks answers, so that these are counted, traced and guarded like any other."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._rules = CORSMiddleware(
            _nothing,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(ACCEPTED_HEADERS),
            expose_headers=list(EXPOSED_HEADERS),
        )

    def preflight(self, scope: Scope) -> Response | None:
        """The answer to a preflight, None for any other request. Raises OriginRefused."""
        headers = Headers(scope=scope)
        if "origin" not in headers or "access-control-request-method" not in headers:
            return None
        answer = self._rules.preflight_response(headers)
        if answer.status_code != 200:
            raise OriginRefused(
                headers["origin"], bytes(answer.body).decode().removeprefix("Disallowed CORS ")
            )
        return answer

    def marking(self, scope: Scope, send: Send) -> Send:
        """Sends an answer with what a page of the asking origin may read of it."""
        headers = Headers(scope=scope)
        return partial(self._rules.send, send=send, request_headers=headers) if "origin" in headers else send


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Stands for the application, which the rules are never asked to call."""
    raise RuntimeError("the gateway answers, not its rules for other origins")

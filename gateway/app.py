"""The gateway as an ASGI application: every request's one way in, from headers to the answer's last header."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from chassis import telemetry
from chassis.errors import Internal, meaning_of
from chassis.ids import new_id
from chassis.refusal import Refusal
from gateway import events, pages, problems
from gateway.audit import AuditLog
from gateway.audit_note import Note
from gateway.compression import compressed
from gateway.cors import Cors
from gateway.credentials import credentials_of
from gateway.endpoint import Endpoint
from gateway.http_protocol import HEADERS_BYTES_MAX
from gateway.limits import Admission, Standing
from gateway.refusals import HeadersTooLarge, MethodNotAllowed, RouteUnknown, TooManyRequests
from gateway.router import Match, Router
from gateway.sessions import SessionOver

UNCOUNTED: Final = (b"/healthz", b"/readyz")

API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
HOSTED_POLICY: Final = (
    "default-src 'none'; img-src 'self' https: data:; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For pages of the built-in target that bring no policy of their own: pictures and styles, no script."""

PERMISSIONS: Final = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

STAY_WITH_HTTPS: Final = "max-age=31536000"
"""Told to browsers that came by https: for a year they come by nothing else (RFC 6797)."""

HTTP_SECONDS = Histogram(
    "http_seconds",
    "Time to answer a request, by route, verb and status.",
    ("route", "verb", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FAULTS = Counter("http_faults_total", "Requests that ended by a fault of ours.")

_log = logging.getLogger(__name__)

Answer = Callable[["Request"], Awaitable[Response]]


class Request:
    """One request: its verb, raw path, query, headers in lower case, and the way to its body."""

    __slots__ = ("credentials", "headers", "note", "path", "query", "receive", "scope", "verb")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.verb: str = scope["method"]
        self.path: bytes = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        self.query: bytes = scope["query_string"]
        self.headers = _headers(scope["headers"])
        self.note: Note | None = None
        """What the audit log is to know, once a write has begun."""
        client = scope.get("client")
        # Address and scheme are those of the connection, or what a proxy in front that is believed says.
        self.credentials = credentials_of(
            self.headers,
            client_address=str(client[0]) if client else "",
            secure=scope.get("scheme") == "https",
        )

    @property
    def is_for_api(self) -> bool:
        """Whether a program asks: then it gets a problem document, never a page."""
        return self.path.startswith(b"/api/")

    @property
    def takes_html(self) -> bool:
        """Whether a person may read the answer."""
        return not self.is_for_api and (
            "text/html" in self.headers.get("accept", "*/*") or "*/*" in self.headers.get("accept", "*/*")
        )


class Gateway:
    """Routes requests to endpoints and to the gateway's own answers; adds what every answer has."""

    def __init__(
        self,
        endpoints: list[Endpoint],
        own: dict[str, Answer],
        *,
        support_url: str,
        admission: Admission,
        audit: AuditLog | None,
        cors: Cors | None = None,
    ) -> None:
        self._router: Router[tuple[str, Endpoint | Answer]] = Router()
        self._support_url = support_url
        self._admission = admission
        self._audit = audit
        self._cors = cors
        for endpoint in endpoints:
            operation = endpoint.operation
            self._router.add(operation.verb, operation.template, (operation.template, endpoint))
        for path, answer in own.items():
            self._router.add("GET", path, (path, answer))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the gateway serves http, not {scope['type']}")
        request = Request(scope, receive)
        started = time.perf_counter()
        parent = request.headers.get(telemetry.TRACEPARENT)
        with telemetry.span("http", kind="server", parent=parent) as span:
            standing = self._admitted(request)
            route, response = await self._answer(request, standing)
            if request.note is not None and self._audit is not None:
                address = request.credentials.client_address
                self._audit.record(request.note, status=response.status_code, client_address=address)
            response = compressed(response, route, request.headers.get("accept-encoding", ""))
            finish = _Finish(send, span.trace.trace_id, without_body=request.verb == "HEAD", route=route)
            if standing is not None:
                finish.extra |= standing.headers
            if request.credentials.secure:
                finish.extra["Strict-Transport-Security"] = STAY_WITH_HTTPS
            try:
                await response(scope, receive, self._cors.marking(scope, finish) if self._cors else finish)
            except OSError as error:
                _log.info("a client went away: %s", type(error).__name__)
        HTTP_SECONDS.labels(route, request.verb if route else "", finish.status).observe(
            time.perf_counter() - started
        )

    def _admitted(self, request: Request) -> Standing | None:
        """Where the caller stands with its rate; whoever looks whether the gateway is well is not counted."""
        if request.path in UNCOUNTED:
            return None
        return self._admission.take(request.credentials.key, request.credentials.client_address)

    async def _answer(self, request: Request, standing: Standing | None) -> tuple[str, Response]:
        route = ""
        try:
            if standing is not None and standing.wait_seconds:
                rate = standing.rate
                raise TooManyRequests(rate.per_minute, of=rate.name, wait_seconds=standing.wait_seconds)
            if sum(map(len, request.headers)) + sum(map(len, request.headers.values())) > HEADERS_BYTES_MAX:
                raise HeadersTooLarge(HEADERS_BYTES_MAX)
            if (
                request.verb == "OPTIONS"
                and self._cors
                and (preflight := self._cors.preflight(request.scope))
            ):
                return "", preflight
            match = self._router.match(request.path)
            if match is None:
                raise RouteUnknown(request.path.decode("ascii", "replace"))
            if request.verb == "OPTIONS":
                return "", Response(None, 204, {"Allow": ", ".join(match.verbs)})
            (route, target), values = _target(match, request.verb)
            if isinstance(target, Endpoint):
                if target.audit_rule is not None:
                    request.note = Note(target.audit_rule, values)
                return route, await target.answer(
                    values, request.query, request.headers, request.receive, request.credentials, request.note
                )
            return route, await target(request)
        except Refusal as refusal:
            return route, self._refused(request, refusal)
        except SessionOver as over:
            response = self._refused(request, over.refusal)
            for cookie in over.cookies:
                response.headers.append("Set-Cookie", cookie)
            return route, response
        except ConnectionError:
            if request.note is not None:
                request.note.outcome = "CANCELLED"
            return route, Response(None, 400)
        except Exception:
            # The text of an exception may hold secrets: it goes to the log, the caller gets the id to name.
            error_id = new_id()
            FAULTS.inc()
            _log.exception("a request ended by a fault, error id %s", error_id)
            return route, self._refused(request, Internal(error_id))

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        if request.note is not None:
            request.note.outcome = meaning_of(refusal.reason).reason
        status = problems.http_status(refusal)
        if not request.takes_html or status in (401, 405):
            return problems.problem(refusal)
        if status == 404:
            return pages.not_found_page(self._support_url)
        return pages.notice_page(
            status,
            problems.title_of(refusal.reason),
            refusal.message,
            self._support_url,
            problems.problem_headers(refusal),
        )


class _Finish:
    """Adds to an answer the headers that all have, and takes the body from answers to HEAD."""

    def __init__(self, send: Send, trace_id: str, *, without_body: bool, route: str) -> None:
        self._send = send
        self._trace_id = trace_id
        self._without_body = without_body
        self._default_cache = "no-store" if route.startswith("/api/") else ""
        self.status = 0
        self.extra: dict[str, str] = {}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            headers["X-Trace-Id"] = self._trace_id
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "same-origin"
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Permissions-Policy"] = PERMISSIONS
            headers.update(self.extra)
            if "content-security-policy" not in headers:
                is_page = headers.get("content-type", "").startswith("text/html")
                headers["Content-Security-Policy"] = HOSTED_POLICY if is_page else API_POLICY
            if self._default_cache:
                headers.setdefault("Cache-Control", self._default_cache)
        elif self._without_body and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def events_answer(stream: "events.Events") -> Answer:
    """The event stream as one of the gateway's own answers."""

    async def answer(request: Request) -> Response:
        return await stream.answer(request.query, request.headers, request.credentials)

    return answer


def poll_answer(stream: "events.Events") -> Answer:
    """What happened, asked for now and then."""

    async def answer(request: Request) -> Response:
        return await stream.poll(request.query, request.credentials)

    return answer


def _target(
    match: Match[tuple[str, "Endpoint | Answer"]], verb: str
) -> tuple[tuple[str, "Endpoint | Answer"], tuple[str, ...]]:
    found = match.targets.get("GET" if verb == "HEAD" else verb)
    if found is None:
        raise MethodNotAllowed(verb, match.verbs)
    return found


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names as ASGI gives them, in lower case. Callers cannot speak for our own services: `x-igny8-…` is dropped."""
    headers: dict[str, str] = {}
    for name_bytes, value in raw:
        name = name_bytes.decode("latin-1")
        if name.startswith("x-igny8-"):
            continue
        text = value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers

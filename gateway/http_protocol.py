"""HTTP/1.1 as uvicorn reads it, but bounded before there is a request, and refusing in our own words."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.refusal import FieldFault, Refusal, RequestInvalid
from gateway import problems
from gateway.refusals import HeadersTooLarge, HeadersTooSlow

HEADERS_BYTES_MAX: Final = 32 * 1024
HEADERS_SECONDS_MAX: Final = 10.0

_PHRASES: Final = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


class HttpProtocol(HttpToolsProtocol):
    """Lets nobody keep a connection busy, or fill memory, with headers that never end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEADERS_BYTES_MAX:
                self._refuse(HeadersTooLarge(HEADERS_BYTES_MAX))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._forget_timer()
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or a path longer than the parser reads."""
        if self._head_bytes + len(getattr(self, "url", b"")) > HEADERS_BYTES_MAX:
            self._refuse(HeadersTooLarge(HEADERS_BYTES_MAX))
        else:
            self._refuse(RequestInvalid(FieldFault("request", "is not valid HTTP")))

    def _expect_head(self) -> None:
        self._forget_timer()
        self._in_head, self._head_bytes = True, 0
        self._head_timer = self.loop.call_later(HEADERS_SECONDS_MAX, self._too_slow)

    def _too_slow(self) -> None:
        self._refuse(HeadersTooSlow(HEADERS_SECONDS_MAX))

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, refusal: Refusal) -> None:
        self._forget_timer()
        if self.transport.is_closing():
            return
        answer = problems.problem(refusal)
        head = [
            f"HTTP/1.1 {answer.status_code} {_PHRASES[answer.status_code]}".encode(),
            b"connection: close",
        ]
        head += [name + b": " + value for name, value in answer.raw_headers]
        self.transport.write(b"\r\n".join([*head, b"", bytes(answer.body)]))
        self.transport.close()

"""The operator's HTTP port of a process: `/metrics`, `/healthz` and `/readyz`, for one asker at a time and no framework."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

REQUEST_BYTES_MAX: Final = 8 * 1024
REQUEST_SECONDS_MAX: Final = 5.0

Readiness = Callable[[], tuple[bool, Mapping[str, str]]]
"""Whether the process is ready, and each dependency's state in a word, for example `{"database": "ok"}`."""


class InternalHttp:
    """Answers GET on three paths. It has no secrets to tell, and belongs on a port that is not public all the same."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=REQUEST_BYTES_MAX)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
                words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
                status, content_type, body = self._answer(words)
                writer.write(
                    f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {content_type}\r\n"
                    f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
                    + (b"" if words[0] == "HEAD" else body)
                )
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            # Whoever asks so slowly, so much or not to the end gets no answer.
            return
        finally:
            writer.close()

    def _answer(self, words: list[str]) -> tuple[HTTPStatus, str, bytes]:
        if len(words) != 3 or words[0] not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"Only GET and HEAD.\n"
        match words[1].partition("?")[0]:
            case "/metrics":
                return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest()
            case "/healthz":
                return HTTPStatus.OK, "application/json", b'{"status":"alive"}'
            case "/readyz":
                ready, dependencies = self._readiness()
                body = orjson.dumps(
                    {"status": "ready" if ready else "not ready", "dependencies": dict(dependencies)}
                )
                status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
                return status, "application/json", body
            case _:
                return HTTPStatus.NOT_FOUND, "text/plain", b"Here are /metrics, /healthz and /readyz.\n"

"""The gateway's REST API as the command line uses it: as any client outside would, with an API key."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import httpx

SECONDS_MAX: Final = 60.0
ATTEMPTS_MAX: Final = 40
"""A service that is restarted is back within seconds; so long a command waits for it."""

BREATH_SECONDS: Final = 0.5


class ApiRefused(Exception):
    """The API refused; the message is the problem's sentence."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or "The API refused the request.")
        self.problem = problem
        self.reason: str = problem.get("reason", "")


class Api:
    """A client of one gateway as one caller."""

    def __init__(self, base_url: str, key: str, *, attempts_max: int = ATTEMPTS_MAX) -> None:
        """`attempts_max` is how often a call that may be repeated is made before it is taken to be refused."""
        self._attempts_max = attempts_max
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=SECONDS_MAX,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return await self._call("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> dict[str, Any]:
        """`key` is the Idempotency-Key: with it the call is safe to repeat, and is repeated."""
        headers = {"Idempotency-Key": key} if key else {}
        return await self._call("POST", path, json=body or {}, headers=headers)

    async def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call("PUT", path, json=body)

    async def upload(self, path: str, data: bytes, media_type: str) -> dict[str, Any]:
        return await self._call("POST", path, content=data, headers={"Content-Type": media_type})

    async def page(self, path: str) -> bytes:
        """The bytes of anything that is not JSON."""
        answer = await self._send("GET", path)
        return answer.content

    async def all(self, path: str, plural: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            answer = await self.get(path, page_size=200, page_token=token, **query)
            found += answer[plural]
            token = answer["next_page_token"]
            if not token:
                return found

    async def events(self, types: str = "") -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """The account's events as they happen: (`<domain>.<event>`, payload). Goes on where it was cut off.

        Raises ApiRefused, for what waiting does not change.
        """
        last_id = ""
        while True:
            headers = {"Last-Event-ID": last_id} if last_id else {}
            query = {"types": types} if types else {}
            # The stream may be cut off, and the gateway restarted.
            with contextlib.suppress(httpx.TransportError):
                async with self._client.stream(
                    "GET", "/api/v1/events", params=query, headers=headers, timeout=None
                ) as stream:
                    if stream.is_success:
                        async for event in _server_sent(stream.aiter_lines()):
                            last_id = event.id or last_id
                            if event.data:
                                yield event.name, json.loads(event.data)
                    else:
                        await stream.aread()
                        if not _may_pass(stream):
                            raise _refusal(stream)
            await _breathe()

    async def _call(self, verb: str, path: str, **options: Any) -> dict[str, Any]:
        answer = await self._send(verb, path, **options)
        body: dict[str, Any] = answer.json() if answer.content else {}
        return body

    async def _send(self, verb: str, path: str, **options: Any) -> httpx.Response:
        """A service that is being restarted answers 503, or not at all; what may be repeated is then repeated."""
        repeatable = verb != "POST" or "Idempotency-Key" in options.get("headers", {})
        for attempt in range(1, self._attempts_max + 1):
            try:
                answer = await self._client.request(verb, path, **options)
            except httpx.TransportError:
                if not repeatable or attempt == self._attempts_max:
                    raise
                await _breathe()
                continue
            if answer.is_success:
                return answer
            if not (repeatable and _may_pass(answer)) or attempt == self._attempts_max:
                raise _refusal(answer)
            await _breathe()
        raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    name: str
    data: str
    id: str


async def _server_sent(lines: AsyncIterator[str]) -> AsyncIterator[_Event]:
    """Events of a `text/event-stream`; comments are left out (HTML standard, 9.2.6)."""
    fields: dict[str, list[str]] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields.setdefault(name, []).append(value.removeprefix(" "))
            continue
        yield _Event(
            name=fields.get("event", ["message"])[-1],
            data="\n".join(fields.get("data", [])),
            id=fields.get("id", [""])[-1],
        )
        fields = {}


def _may_pass(answer: httpx.Response) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    if answer.status_code == httpx.codes.CONFLICT:
        return _reason(answer) in ("CONTENTION", "REQUEST_IN_PROGRESS")
    return answer.status_code in (
        httpx.codes.TOO_MANY_REQUESTS,
        httpx.codes.SERVICE_UNAVAILABLE,
        httpx.codes.GATEWAY_TIMEOUT,
    )


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("reason", ""))
    except ValueError:
        return ""


def _refusal(answer: httpx.Response) -> ApiRefused:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {"title": f"The gateway answered {answer.status_code}."}
    return ApiRefused(problem)


async def _breathe() -> None:
    await asyncio.sleep(BREATH_SECONDS)

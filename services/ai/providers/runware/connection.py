"""Runware's one endpoint, and what its failures mean here. https://runware.ai/docs/platform/errors"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import httpx

from services.ai.providers.port import (
    KeyFault,
    ProviderBusy,
    ProviderFinal,
    ProviderKeyRefused,
    ProviderMalformed,
    ProviderRetryable,
)
from services.ai.providers.telling import without
from services.ai.providers.waits import retry_after_seconds

NAME: Final = "runware"
BASE_URL: Final = "https://api.runware.ai"
ANSWER_BYTES_MAX: Final = 40 * 1024 * 1024
CONNECTIONS_MAX: Final = 64

_PASSING: Final = (
    "timeout",
    "unavailable",
    "ratelimit",
    "concurren",
    "overload",
    "internalerror",
    "servererror",
)
"""Parts of error codes, in small letters, for which asking again may help. Runware says its list is not final."""


_KEY_FAULTS: Final = {401: KeyFault.INVALID, 402: KeyFault.NO_CREDIT, 403: KeyFault.FORBIDDEN}
_ABOUT_THE_KEY: Final = ("apikey", "authentication", "unauthorized")
_NEVER_SEEN: Final = ("notfound", "invalidtaskuuid", "unknowntask", "nosuch")
"""Parts of error codes by which Runware says that it knows no task of an id."""


class TaskUnknown(ProviderFinal):
    """Runware was never given the task that it is asked about."""


class Connection:
    """Sends tasks with the key in the header, over connections that are kept."""

    def __init__(self, *, api_key: str, base_url: str = "", shared: "Connection | None" = None) -> None:
        self.base_url = base_url
        self._key = api_key
        self._url = f"{(base_url or BASE_URL).rstrip('/')}/v1"
        self._shared = shared

    @cached_property
    def client(self) -> httpx.AsyncClient:
        """Made when it is first used; without a key of its own, so that others may share it."""
        if self._shared is not None:
            return self._shared.client
        return httpx.AsyncClient(limits=httpx.Limits(max_connections=CONNECTIONS_MAX))

    async def do(self, task: Mapping[str, Any], *, deadline: float) -> Mapping[str, Any]:
        """The answer to one task within `deadline` seconds. Raises one of the kinds of ProviderError."""
        return self._answered(await self._send(task, deadline), str(task["taskUUID"]))

    async def look_up(self, kind: str, task_uuid: str, *, deadline: float) -> Mapping[str, Any] | None:
        """What Runware knows of a task that it may have been given; None when it knows none of this id.

        `kind` is `getResponse` for one at work, `getTaskDetails` for one that has ended.
        https://runware.ai/docs/platform/task-polling and /platform/task-details
        """
        try:
            answer = await self._send({"taskType": kind, "taskUUID": task_uuid}, deadline)
        except TaskUnknown:
            return None
        fault = _fault(answer)
        if fault and any(part in _code(fault) for part in _NEVER_SEEN):
            return None
        return self._answered(answer, task_uuid)

    async def _send(self, task: Mapping[str, Any], deadline: float) -> Mapping[str, Any]:
        try:
            async with self.client.stream(
                "POST", self._url, json=[task], headers=self._headers, timeout=deadline
            ) as response:
                body = await _read(response)
        except httpx.TimeoutException as error:
            raise ProviderRetryable(
                "runware did not answer in time.",
                provider=NAME,
                maybe_paid=not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout),
            ) from error
        except httpx.RequestError as error:
            raise ProviderRetryable(
                "runware cannot be reached just now.",
                provider=NAME,
                maybe_paid=not isinstance(error, httpx.ConnectError),
            ) from error
        answer = _parse(body)
        if not response.is_success:
            if response.status_code in (400, 404) and any(
                part in _code(_fault(answer)) for part in _NEVER_SEEN
            ):
                raise TaskUnknown("runware knows no such task.", provider=NAME)
            raise self._failed(response, answer)
        return answer

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key}"}

    def _failed(
        self, response: httpx.Response, answer: Mapping[str, Any]
    ) -> ProviderBusy | ProviderRetryable | ProviderFinal:
        status = response.status_code
        wait = retry_after_seconds(response.headers, now=datetime.now(UTC))
        if status == 429:
            return ProviderBusy(
                "runware has too many requests just now.", provider=NAME, retry_after_seconds=wait
            )
        if status >= 500 or status in (408, 409):
            return ProviderRetryable(
                f"runware answered with the status {status}.",
                provider=NAME,
                retry_after_seconds=wait,
                maybe_paid=status in (408, 504),
            )
        if status in _KEY_FAULTS:
            return ProviderKeyRefused.of_platform(NAME, _KEY_FAULTS[status])
        return ProviderFinal(
            f"runware refused the request with the status {status}: {self._told(_fault(answer))}",
            provider=NAME,
        )

    def _answered(self, answer: Mapping[str, Any], task_uuid: str) -> Mapping[str, Any]:
        """What came of the task. Raises ProviderRetryable, ProviderFinal or ProviderMalformed."""
        done = answer.get("data")
        for result in done if isinstance(done, list) else []:
            if isinstance(result, dict) and result.get("taskUUID") == task_uuid:
                return result
        fault = _fault(answer)
        if not fault:
            raise ProviderMalformed("runware answered without the task that it was given.", provider=NAME)
        code = _code(fault)
        if any(part in code for part in _ABOUT_THE_KEY):
            raise ProviderKeyRefused.of_platform(NAME)
        if any(part in code for part in _PASSING):
            raise ProviderRetryable(f"runware could not do it just now: {self._told(fault)}", provider=NAME)
        raise ProviderFinal(f"runware refused the request: {self._told(fault)}", provider=NAME)

    def _told(self, fault: Mapping[str, Any]) -> str:
        return without(str(fault.get("message") or "it gives no reason"), self._key)[:300]


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise ProviderMalformed("runware's answer is too long.", provider=NAME)
    return bytes(body)


def _parse(body: bytes) -> Mapping[str, Any]:
    """The JSON of an answer with its decimals exact; empty for what is no object."""
    try:
        answer = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _code(fault: Mapping[str, Any]) -> str:
    """Runware's word for a fault, in small letters."""
    return str(fault.get("code", "")).lower()


def _fault(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    faults = answer.get("errors")
    if isinstance(faults, list) and faults and isinstance(faults[0], dict):
        return faults[0]
    return {}

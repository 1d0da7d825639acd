"""Pictures by Runware's imageInference."""

import asyncio
import hashlib
import time
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from services.ai.providers.pictures import decode, measure
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderMalformed, ProviderRetryable
from services.ai.providers.runware.connection import NAME, Connection

SIDE_STEP: Final = 64
SIDE_MIN: Final = 128
SIDE_MAX: Final = 2048
"""Pixels: a side is a multiple of 64 within these. https://runware.ai/docs/image-inference/api-reference"""


POLL_SECONDS: Final = 1.5
"""Between questions about a picture that is being made; Runware recommends one to two seconds."""


class RunwareImageProvider:
    """Runware behind the port."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "",
        shared: Connection | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)
        self._poll_seconds = poll_seconds

    def with_key(self, key: str) -> "RunwareImageProvider":
        """The same server by an account's own key, over the same sockets."""
        return RunwareImageProvider(
            api_key=key,
            base_url=self._connection.base_url,
            shared=self._connection,
            poll_seconds=self._poll_seconds,
        )

    @property
    def name(self) -> str:
        return NAME

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        task_uuid = _task_uuid(request)
        result = await self._made(task_uuid, deadline) if request.asked_before else None
        if result is None:
            result = await self._connection.do(
                {
                    "taskType": "imageInference",
                    "taskUUID": task_uuid,
                    "model": request.model,
                    "positivePrompt": request.prompt,
                    "width": _side(request.width),
                    "height": _side(request.height),
                    "numberResults": 1,
                    "outputType": "base64Data",
                    "outputFormat": "PNG",
                    "includeCost": True,
                },
                deadline=deadline,
            )
        encoded = result.get("imageBase64Data")
        if not isinstance(encoded, str) or not encoded:
            raise ProviderMalformed("runware answered without an image.", provider=NAME)
        data = decode(encoded, provider=NAME)
        media_type, width, height = await asyncio.to_thread(measure, data, provider=NAME)
        return ImageAnswer(
            data=data,
            media_type=media_type,
            width=width,
            height=height,
            model=request.model,
            provider_request_id=task_uuid,
            cost_usd=_cost(result),
        )

    async def _made(self, task_uuid: str, deadline: float) -> Mapping[str, Any] | None:
        """The picture of a task that may have been given before, once it is there; None when Runware knows none.

        While that is not known the task is not given again: whatever cannot be found out is raised as passing.
        """
        end = time.monotonic() + deadline
        try:
            while (left := end - time.monotonic()) > 0:
                at_work = await self._connection.look_up("getResponse", task_uuid, deadline=left)
                if at_work is None:
                    return await self._ended(task_uuid, end - time.monotonic())
                if at_work.get("status") != "processing":
                    return at_work
                await asyncio.sleep(min(self._poll_seconds, left))
        except ProviderRetryable as passing:
            passing.maybe_paid = True
            raise
        raise ProviderRetryable("runware is still at work on this picture.", provider=NAME, maybe_paid=True)

    async def _ended(self, task_uuid: str, left: float) -> Mapping[str, Any] | None:
        details = await self._connection.look_up("getTaskDetails", task_uuid, deadline=max(left, 1.0))
        answered = (details or {}).get("response")
        results = answered.get("data") if isinstance(answered, dict) else None
        for result in results if isinstance(results, list) else ():
            if isinstance(result, dict) and result.get("imageBase64Data"):
                return result
        return None


def _task_uuid(request: ImageRequest) -> str:
    """The picture's id at Runware, which takes a UUIDv4 only: the same for the same picture, so it can be asked about."""
    if not request.key:
        return str(uuid.uuid4())
    return str(uuid.UUID(bytes=hashlib.sha256(request.key.encode()).digest()[:16], version=4))


def _side(pixels: int) -> int:
    """The nearest length that Runware makes."""
    return min(SIDE_MAX, max(SIDE_MIN, round(pixels / SIDE_STEP) * SIDE_STEP))


def _cost(result: Mapping[str, Any]) -> Decimal | None:
    """What Runware says it charged, in USD; None where it does not say, and the price list does."""
    cost = result.get("cost")
    if cost is None:
        return None
    if isinstance(cost, bool) or not isinstance(cost, int | Decimal) or not 0 <= cost < 1_000:
        raise ProviderMalformed("runware's cost cannot be read.", provider=NAME)
    return Decimal(cost)

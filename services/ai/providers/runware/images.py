"""Pictures by Runware's imageInference."""

import asyncio
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from services.ai.providers.pictures import decode, measure
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderMalformed
from services.ai.providers.runware.connection import NAME, Connection

SIDE_STEP: Final = 64
SIDE_MIN: Final = 128
SIDE_MAX: Final = 2048
"""Pixels: a side is a multiple of 64 within these. https://runware.ai/docs/image-inference/api-reference"""


class RunwareImageProvider:
    """Runware behind the port."""

    def __init__(self, *, api_key: str, base_url: str = "", shared: Connection | None = None) -> None:
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)

    def with_key(self, key: str) -> "RunwareImageProvider":
        """The same server by an account's own key, over the same sockets."""
        return RunwareImageProvider(api_key=key, base_url=self._connection.base_url, shared=self._connection)

    @property
    def name(self) -> str:
        return NAME

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        # Runware's support finds a picture by this id, and its answers name it: it is ours to choose, as a UUIDv4.
        task_uuid = str(uuid.uuid4())
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

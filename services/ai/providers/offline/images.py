"""The offline image provider: paints a real PNG on this machine, a different one for every prompt."""

import asyncio
from typing import Final

from services.ai.providers.offline.image_prompts import caption_of
from services.ai.providers.offline.language import choose, plain
from services.ai.providers.offline.text import request_id_of
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderFinal, ProviderRetryable

IMAGE_MODEL: Final = "offline-image-1"
SIDE_MIN, SIDE_MAX = 64, 2048
"""Pixels of a side that can be painted; larger ones would hold a worker up for seconds."""


class OfflineImageProvider:
    """Paints abstract pictures with a caption. The same request gives the same bytes."""

    name = "offline"

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        """A PNG of exactly the asked size. ProviderFinal for an empty prompt or a side out of range."""
        if not plain(request.prompt):
            raise ProviderFinal("offline cannot paint an empty prompt.", provider="offline")
        if not all(SIDE_MIN <= side <= SIDE_MAX for side in (request.width, request.height)):
            raise ProviderFinal(
                f"offline paints sides of {SIDE_MIN} to {SIDE_MAX} pixels; {request.width} x {request.height} was asked.",
                provider="offline",
                metadata={"width": str(request.width), "height": str(request.height)},
            )
        try:
            async with asyncio.timeout(deadline):
                return await asyncio.to_thread(_answer, request)
        except TimeoutError as error:
            raise ProviderRetryable(
                f"offline did not answer within {deadline:g} seconds.", provider="offline"
            ) from error


def _answer(request: ImageRequest) -> ImageAnswer:
    from services.ai.providers.offline.painting import paint

    data = paint(
        words=plain(caption_of(request.alt_text, request.prompt)),
        width=request.width,
        height=request.height,
        random=choose(request.seed, "image", request.prompt, request.width, request.height),
    )
    return ImageAnswer(
        data=data,
        media_type="image/png",
        width=request.width,
        height=request.height,
        model=request.model,
        provider_request_id=request_id_of(
            request.model, request.prompt, request.width, request.height, request.seed
        ),
        cost_usd=None,
    )

"""Asking a provider: the one place where a model is called, with its deadline, its slots and its retries."""

import asyncio
import random
from typing import Final

from services.ai.domain.task_item import Answer
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderRetryable, TextAnswer, TextRequest
from services.ai.providers.registry import CALL_SECONDS_MAX, Providers

ATTEMPTS_MAX: Final = 4
WAIT_SECONDS_MAX: Final = 30.0


async def ask(
    providers: Providers, request: TextRequest | ImageRequest, *, randomness: random.Random
) -> Answer:
    """The provider's answer, tried again while it is only busy. Raises a ProviderError of one of the three kinds."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await _ask_once(providers, request)
        except ProviderRetryable as busy:
            if attempt == ATTEMPTS_MAX:
                raise
            wait = busy.retry_after_seconds or 0.5 * 2**attempt * randomness.uniform(0.5, 1.0)
        await asyncio.sleep(min(wait, WAIT_SECONDS_MAX))
    raise AssertionError("the last attempt returns or raises")


async def _ask_once(providers: Providers, request: TextRequest | ImageRequest) -> Answer:
    if isinstance(request, TextRequest):
        text_provider = await providers.text(request.model)
        async with providers.slot(text_provider.name):
            return _text(await text_provider.complete(request, deadline=CALL_SECONDS_MAX))
    image_provider = await providers.image(request.model)
    async with providers.slot(image_provider.name):
        return _image(await image_provider.generate(request, deadline=CALL_SECONDS_MAX))


def _text(answer: TextAnswer) -> Answer:
    return Answer(
        data=answer.text.encode(),
        media_type="application/json",
        input_tokens=answer.usage.input_tokens,
        output_tokens=answer.usage.output_tokens,
        model_name=answer.model,
        provider_request_id=answer.provider_request_id,
    )


def _image(answer: ImageAnswer) -> Answer:
    return Answer(
        data=answer.data,
        media_type=answer.media_type,
        images=1,
        cost_usd=answer.cost_usd,
        model_name=answer.model,
        provider_request_id=answer.provider_request_id,
    )

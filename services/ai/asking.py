"""Asking a provider: the one place where a model is called, with its deadline, its slots and its retries."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Final

from services.ai.domain.task_item import Answer
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderRetryable, TextAnswer, TextRequest
from services.ai.providers.registry import CALL_SECONDS_MAX, Providers

ATTEMPTS_MAX: Final = 4
WAIT_SECONDS_MAX: Final = 30.0
GRACE_SECONDS: Final = 0.25
"""Beside the deadline that a provider is given, so that its own error about it comes first."""


async def ask(
    providers: Providers,
    request: TextRequest | ImageRequest,
    *,
    randomness: random.Random,
    seconds_max: float = CALL_SECONDS_MAX,
) -> Answer:
    """The provider's answer, tried again while it is only busy. Raises a ProviderError of one of the three kinds."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await _ask_once(providers, request, seconds_max)
        except ProviderRetryable as busy:
            if attempt == ATTEMPTS_MAX:
                raise
            wait = busy.retry_after_seconds or 0.5 * 2**attempt * randomness.uniform(0.5, 1.0)
        await asyncio.sleep(min(wait, WAIT_SECONDS_MAX))
    raise AssertionError("the last attempt returns or raises")


async def _ask_once(providers: Providers, request: TextRequest | ImageRequest, seconds_max: float) -> Answer:
    if isinstance(request, TextRequest):
        text_provider = await providers.text(request.model)
        async with providers.slot(text_provider.name), _within(seconds_max, text_provider.name):
            return _text(await text_provider.complete(request, deadline=seconds_max))
    image_provider = await providers.image(request.model)
    async with providers.slot(image_provider.name), _within(seconds_max, image_provider.name):
        return _image(await image_provider.generate(request, deadline=seconds_max))


@contextlib.asynccontextmanager
async def _within(seconds_max: float, provider: str) -> AsyncIterator[None]:
    """Ends a call that its provider does not end by itself in time. Raises ProviderRetryable."""
    try:
        async with asyncio.timeout(seconds_max + GRACE_SECONDS):
            yield
    except TimeoutError:
        raise ProviderRetryable(
            f"{provider} did not answer within {seconds_max:g} seconds.",
            provider=provider,
            metadata={"seconds": f"{seconds_max:g}"},
        ) from None


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

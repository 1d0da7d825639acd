"""Asking a provider: the one place where a model is called, through its gate and with its retries."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from services.ai.domain.task_item import Answer
from services.ai.providers.gate import Gate
from services.ai.providers.port import (
    ImageAnswer,
    ImageProvider,
    ImageRequest,
    ProviderRetryable,
    TextAnswer,
    TextProvider,
    TextRequest,
)
from services.ai.providers.registry import Providers


async def ask(
    providers: Providers, request: TextRequest | ImageRequest, *, randomness: random.Random
) -> Answer:
    """The provider's answer, tried again while it is only busy. Raises a ProviderError of one of the three kinds."""
    gate, call = await _road(providers, request)
    for attempt in range(1, gate.limits.attempts_max + 1):
        try:
            async with gate.call():
                return await call()
        except ProviderRetryable as busy:
            if attempt == gate.limits.attempts_max:
                raise
            wait = _wait(busy, attempt, randomness)
        await asyncio.sleep(min(wait, gate.limits.wait_seconds_max))
    raise AssertionError("the last attempt returns or raises")


def _wait(busy: ProviderRetryable, attempt: int, randomness: random.Random) -> float:
    """Seconds until the next attempt, never the same for two who failed together."""
    if busy.retry_after_seconds is not None:
        return busy.retry_after_seconds * randomness.uniform(1.0, 1.1)
    return 0.5 * 2.0**attempt * randomness.uniform(0.5, 1.0)


async def _road(
    providers: Providers, request: TextRequest | ImageRequest
) -> tuple[Gate, Callable[[], Awaitable[Answer]]]:
    """The gate of the model that is asked, and the call."""
    if isinstance(request, TextRequest):
        writer = await providers.text(request.model)
        gate = providers.gate(writer.name, request.model)
        return gate, partial(_written, writer, request, gate.limits.call_seconds_max)
    painter = await providers.image(request.model)
    gate = providers.gate(painter.name, request.model)
    return gate, partial(_painted, painter, request, gate.limits.call_seconds_max)


async def _written(provider: TextProvider, request: TextRequest, deadline: float) -> Answer:
    return _text(await provider.complete(request, deadline=deadline))


async def _painted(provider: ImageProvider, request: ImageRequest, deadline: float) -> Answer:
    return _image(await provider.generate(request, deadline=deadline))


def _text(answer: TextAnswer) -> Answer:
    return Answer(
        data=answer.text.encode(),
        media_type="application/json",
        input_tokens=answer.usage.input_tokens,
        cached_input_tokens=answer.usage.cached_input_tokens,
        output_tokens=answer.usage.output_tokens,
        reasoning_tokens=answer.usage.reasoning_tokens,
        model_name=answer.model,
        provider_request_id=answer.provider_request_id,
    )


def _image(answer: ImageAnswer) -> Answer:
    return Answer(
        data=answer.data,
        media_type=answer.media_type,
        images=1,
        image_size=answer.priced_size,
        image_quality=answer.priced_quality,
        cost_usd=answer.cost_usd,
        model_name=answer.model,
        provider_request_id=answer.provider_request_id,
    )

"""Asking a provider: the one place where a model is called, through its gate and with its retries."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

from services.ai.domain.task_item import Answer
from services.ai.providers.gate import Gate
from services.ai.providers.keys import AccountKey
from services.ai.providers.paid_twice import maybe_double_paid
from services.ai.providers.port import (
    ImageAnswer,
    ImageProvider,
    ImageRequest,
    Progressed,
    ProviderKeyRefused,
    ProviderRetryable,
    TextAnswer,
    TextProvider,
    TextRequest,
)
from services.ai.providers.registry import Providers

Call = Callable[[bool, Progressed], Awaitable[Answer]]
"""Makes one call; told whether the question may have been asked before, and whom to tell of progress."""


async def ask(
    providers: Providers, request: TextRequest | ImageRequest, *, account_id: str, randomness: random.Random
) -> Answer:
    """The provider's answer, by the account's own key where it has one, tried again while it is only busy.

    Raises a ProviderError of one of the three kinds.
    """
    gate, call, key = await _road(providers, request, account_id)
    asked_before = request.asked_before
    for attempt in range(1, gate.limits.attempts_max + 1):
        try:
            async with gate.call() as progressed:
                answer = await call(asked_before, progressed)
            # What the account pays its provider by itself costs the platform nothing.
            return answer if key is None else replace(answer, cost_usd=Decimal(0), own_key=True)
        except asyncio.CancelledError:
            # The process ends or another worker has the item: whoever goes on asks again, and cannot know of this.
            maybe_double_paid(gate.provider)
            raise
        except ProviderKeyRefused as refused:
            if key is not None:
                raise ProviderKeyRefused.of_account(refused.provider, key.last4, refused.fault) from None
            raise
        except ProviderRetryable as busy:
            if attempt == gate.limits.attempts_max:
                raise
            asked_before = asked_before or busy.maybe_paid
            wait = _wait(busy, attempt, randomness)
        await asyncio.sleep(min(wait, gate.limits.wait_seconds_max))
    raise AssertionError("the last attempt returns or raises")


def _wait(busy: ProviderRetryable, attempt: int, randomness: random.Random) -> float:
    """Seconds until the next attempt, never the same for two who failed together."""
    if busy.retry_after_seconds is not None:
        return busy.retry_after_seconds * randomness.uniform(1.0, 1.1)
    return 0.5 * 2.0**attempt * randomness.uniform(0.5, 1.0)


async def _road(
    providers: Providers, request: TextRequest | ImageRequest, account_id: str
) -> tuple[Gate, Call, AccountKey | None]:
    """The gate of the model that is asked, the call, and the account's key where it is made by that."""
    if isinstance(request, TextRequest):
        text = await providers.text(request.model, account_id=account_id)
        return (
            text.gate,
            partial(_written, text.provider, request, text.gate.limits.call_seconds_max),
            text.key,
        )
    image = await providers.image(request.model, account_id=account_id)
    return (
        image.gate,
        partial(_painted, image.provider, request, image.gate.limits.call_seconds_max),
        image.key,
    )


async def _written(
    provider: TextProvider, request: TextRequest, deadline: float, asked_before: bool, progressed: Progressed
) -> Answer:
    asked = replace(request, asked_before=asked_before)
    return _text(await provider.complete(asked, deadline=deadline, progressed=progressed))


async def _painted(
    provider: ImageProvider,
    request: ImageRequest,
    deadline: float,
    asked_before: bool,
    _progressed: Progressed,
) -> Answer:
    return _image(await provider.generate(replace(request, asked_before=asked_before), deadline=deadline))


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

"""Long answers of OpenAI's, streamed: whole, half, stalled, refused and uncounted."""

import json
from dataclasses import replace

import pytest

from services.ai.providers.openai import OpenAiTextProvider
from services.ai.providers.openai.text import STREAMED_TOKENS_MIN
from services.ai.providers.port import (
    ProviderError,
    ProviderFinal,
    ProviderRetryable,
    TextRequest,
    TokenUsage,
)
from tests.ai.providers.openai.test_openai import a_text_request, texts
from tests.outside.behaviour import HALF, LOST, RESET, STALLING, Behaviour, busy, failing, refusing, writing
from tests.outside.server import Outside

WORDS = json.dumps({"ideas": "long enough for several chunks " * 20})
UNCOUNTED = Behaviour(counts=False)


def long_request(**changes: object) -> TextRequest:
    return replace(a_text_request(), max_output_tokens=STREAMED_TOKENS_MIN, **changes)  # type: ignore[arg-type]


async def failure(provider: OpenAiTextProvider, deadline: float = 5) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        await provider.complete(long_request(), deadline=deadline)
    return failed.value


async def test_a_long_answer_comes_in_chunks_and_is_put_together_with_what_it_took(outside: Outside) -> None:
    outside.script = [writing(WORDS)]
    progress: list[None] = []

    answer = await texts(outside).complete(
        long_request(), deadline=5, progressed=lambda: progress.append(None)
    )

    assert answer.text == WORDS
    assert answer.usage == TokenUsage(
        input_tokens=120, output_tokens=80, cached_input_tokens=100, reasoning_tokens=30
    )
    assert len(progress) > 5
    assert outside.calls[0].body["stream_options"] == {"include_usage": True}


async def test_a_short_answer_comes_whole(outside: Outside) -> None:
    await texts(outside).complete(a_text_request(), deadline=5)

    assert "stream" not in outside.calls[0].body


@pytest.mark.parametrize("behaviour", [HALF, Behaviour(ends_early=True), RESET, LOST])
async def test_half_an_answer_is_none_and_may_have_been_paid(outside: Outside, behaviour: Behaviour) -> None:
    outside.script = [behaviour]

    failed = await failure(texts(outside))

    assert isinstance(failed, ProviderRetryable)
    assert failed.maybe_paid


async def test_an_answer_that_stalls_in_the_middle_is_given_up_after_the_deadline(outside: Outside) -> None:
    outside.script = [STALLING]

    failed = await failure(texts(outside), deadline=0.3)

    assert isinstance(failed, ProviderRetryable)
    assert failed.maybe_paid


@pytest.mark.parametrize("behaviour", [busy(), failing(500)])
async def test_what_was_refused_before_it_began_was_not_paid(outside: Outside, behaviour: Behaviour) -> None:
    outside.script = [behaviour]

    failed = await failure(texts(outside))

    assert isinstance(failed, ProviderRetryable)
    assert not failed.maybe_paid


async def test_a_refusal_in_words_is_one_when_it_is_streamed_too(outside: Outside) -> None:
    outside.script = [refusing("No, thank you.")]

    failed = await failure(texts(outside))

    assert isinstance(failed, ProviderFinal)
    assert "No, thank you." in failed.message


async def test_a_stream_that_is_not_counted_is_estimated_and_the_last_one(outside: Outside) -> None:
    outside.script = [Behaviour(content=WORDS, counts=False)]
    provider = texts(outside)

    estimated = await provider.complete(long_request(), deadline=5)
    counted = await provider.complete(long_request(), deadline=5)

    assert estimated.usage.output_tokens == len(WORDS) // 4 + 1
    assert counted.usage.output_tokens == 80
    assert ["stream" in call.body for call in outside.calls] == [True, False]


async def test_an_error_that_is_told_in_the_middle_of_a_stream_passes(outside: Outside) -> None:
    event = 'data: {"error": {"message": "The server had an error.", "type": "server_error"}}\n\n'
    outside.script = [Behaviour(body=event.encode(), headers={"content-type": "text/event-stream"})]

    failed = await failure(texts(outside))

    assert isinstance(failed, ProviderRetryable)
    assert failed.maybe_paid

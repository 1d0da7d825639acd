"""The openai provider against a stand-in of its API."""

import base64

import pytest

from services.ai.functions.schemas import GENERATE_IDEAS
from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
from services.ai.providers.openai.text import strict_schema
from services.ai.providers.port import (
    ImageRequest,
    ProviderBusy,
    ProviderError,
    ProviderFinal,
    ProviderKeyRefused,
    ProviderMalformed,
    ProviderRetryable,
    TextRequest,
    TokenUsage,
)
from tests.outside.behaviour import (
    HALF,
    NO_JSON,
    RESET,
    Behaviour,
    busy,
    failing,
    filtered,
    refusing,
    saying,
    slow,
    writing,
)
from tests.outside.server import KEY, Outside


def a_text_request(model: str = "gpt-5-mini") -> TextRequest:
    return TextRequest(
        model=model,
        prompt_name="generate_ideas",
        prompt_version="v1",
        system="You plan articles.",
        user="Keywords: compost",
        schema=GENERATE_IDEAS,
        input={},
        max_output_tokens=900,
    )


def an_image_request(model: str = "gpt-image-1") -> ImageRequest:
    return ImageRequest(model=model, prompt="A compost heap", width=1200, height=675)


def texts(outside: Outside, *, key: str = KEY) -> OpenAiTextProvider:
    return OpenAiTextProvider(api_key=key, base_url=outside.openai_url)


def images(outside: Outside) -> OpenAiImageProvider:
    return OpenAiImageProvider(api_key=KEY, base_url=outside.openai_url)


async def test_a_text_is_asked_for_with_its_schema_and_comes_with_its_tokens(outside: Outside) -> None:
    outside.script = [writing('{"ideas": []}')]

    answer = await texts(outside).complete(a_text_request(), deadline=5)

    body = outside.calls[0].body
    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["max_completion_tokens"] == 900
    assert answer.text == '{"ideas": []}'
    assert answer.usage == TokenUsage(
        input_tokens=120, output_tokens=80, cached_input_tokens=100, reasoning_tokens=30
    )


def test_what_structured_output_refuses_is_left_out_of_the_schema_wherever_it_stands() -> None:
    found = str(strict_schema(GENERATE_IDEAS))

    assert "maxLength" not in found
    assert "minLength" not in found
    assert "maxItems" in found


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (failing(500), ProviderRetryable),
        (failing(503), ProviderRetryable),
        (busy(), ProviderBusy),
        (failing(429, code="insufficient_quota"), ProviderKeyRefused),
        (failing(401), ProviderKeyRefused),
        (failing(403), ProviderKeyRefused),
        (failing(400), ProviderFinal),
        (failing(404, code="model_not_found"), ProviderFinal),
        (refusing(), ProviderFinal),
        (filtered(), ProviderFinal),
        (
            saying({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}),
            ProviderMalformed,
        ),
        (NO_JSON, ProviderMalformed),
        (saying({"error": "no"}), ProviderMalformed),
        (saying([]), ProviderMalformed),
        (saying({"choices": [{"index": 0}], "usage": None}), ProviderMalformed),
        (Behaviour(changes={"message": {"role": "assistant", "content": 7}}), ProviderMalformed),
        (RESET, ProviderRetryable),
        (HALF, ProviderRetryable),
    ],
)
async def test_each_failure_is_told_apart(
    outside: Outside, behaviour: Behaviour, kind: type[ProviderError]
) -> None:
    outside.script = [behaviour]

    with pytest.raises(kind):
        await texts(outside).complete(a_text_request(), deadline=5)

    assert len(outside.calls) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        NO_JSON,
        saying([]),
        saying({"data": [7]}),
        saying({"data": {}}),
        saying({"data": {"b64_json": "aWdueTg="}}),
        saying({"data": [{"b64_json": 8}]}),
    ],
)
async def test_an_image_that_is_not_in_the_answer_is_malformed(
    outside: Outside, behaviour: Behaviour
) -> None:
    outside.script = [behaviour]

    with pytest.raises(ProviderMalformed):
        await images(outside).generate(an_image_request(), deadline=5)


async def test_an_answer_that_takes_too_long_may_come_in_time_later(outside: Outside) -> None:
    outside.script = [slow(30)]

    with pytest.raises(ProviderRetryable, match="in time"):
        await texts(outside).complete(a_text_request(), deadline=0.2)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry_after": "7"}, 7.0), ({"retry_after_ms": "250"}, 0.25), ({"retry_after": "soon"}, None)],
)
async def test_the_wait_that_openai_asks_for_is_passed_on(
    outside: Outside, headers: dict[str, str], seconds: float | None
) -> None:
    outside.script = [failing(429, **headers)]

    with pytest.raises(ProviderBusy) as told:
        await texts(outside).complete(a_text_request(), deadline=5)

    assert told.value.retry_after_seconds == seconds


async def test_a_key_that_is_not_valid_is_refused(outside: Outside) -> None:
    with pytest.raises(ProviderFinal, match="key is not valid"):
        await texts(outside, key="sk-wrong").complete(a_text_request(), deadline=5)


async def test_a_compatible_server_answers_with_a_model_of_its_own_and_without_a_key(
    outside: Outside,
) -> None:
    outside.compatible = True

    answer = await texts(outside, key="").complete(a_text_request("llama3.1"), deadline=5)

    assert answer.text


async def test_a_server_that_is_not_there_may_be_there_later() -> None:
    provider = OpenAiTextProvider(api_key="", base_url="http://127.0.0.1:9/v1")

    with pytest.raises(ProviderRetryable, match="cannot be reached"):
        await provider.complete(a_text_request(), deadline=5)


async def test_an_image_is_asked_for_in_a_size_the_model_takes_and_measured(outside: Outside) -> None:
    answer = await images(outside).generate(an_image_request(), deadline=5)

    body = outside.calls[0].body
    assert body["size"] == "1536x1024"
    assert "response_format" not in body
    assert (answer.media_type, answer.width, answer.height) == ("image/png", 30, 20)
    assert body["quality"] == answer.priced_quality == "medium"
    assert answer.priced_size == "1536x1024"


async def test_a_compatible_server_is_asked_for_the_bytes_in_the_size_wanted(outside: Outside) -> None:
    outside.compatible = True

    await images(outside).generate(an_image_request("stable-diffusion"), deadline=5)

    body = outside.calls[0].body
    assert (body["size"], body["response_format"]) == ("1200x675", "b64_json")
    assert "quality" not in body


@pytest.mark.parametrize("encoded", ["", "%%%", base64.b64encode(b"<html>").decode()])
async def test_an_answer_that_is_no_image_is_malformed(outside: Outside, encoded: str) -> None:
    outside.script = [Behaviour(changes={"b64_json": encoded})]

    with pytest.raises(ProviderMalformed):
        await images(outside).generate(an_image_request(), deadline=5)

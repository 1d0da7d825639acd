"""The openai provider against a stand-in of its API."""

import base64
import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from starlette.responses import JSONResponse, Response

from services.ai.functions.schemas import GENERATE_IDEAS
from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
from services.ai.providers.openai.text import strict_schema
from services.ai.providers.port import (
    ImageRequest,
    ProviderError,
    ProviderFinal,
    ProviderMalformed,
    ProviderRetryable,
    TextRequest,
    TokenUsage,
)
from tests.ai.providers.openai.stand_in import StandIn, completion, listening, refused


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    async with listening() as server:
        yield server


def a_text_request() -> TextRequest:
    return TextRequest(
        model="gpt-5-mini",
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


def an_image(encoded: str) -> Response:
    return JSONResponse({"created": 1, "data": [{"b64_json": encoded}]})


def a_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "green").save(file, "PNG")
    return file.getvalue()


async def test_a_text_is_asked_for_with_its_schema_and_comes_with_its_tokens(stand_in: StandIn) -> None:
    stand_in.answers = [completion({"ideas": []})]

    answer = await OpenAiTextProvider(api_key="sk-1", base_url=stand_in.url).complete(
        a_text_request(), deadline=5
    )

    path, headers, body = stand_in.asked[0]
    assert (path, headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-1")
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
    ("answer", "kind"),
    [
        (refused(500), ProviderRetryable),
        (refused(503), ProviderRetryable),
        (refused(429), ProviderRetryable),
        (refused(429, code="insufficient_quota"), ProviderFinal),
        (refused(401), ProviderFinal),
        (refused(403), ProviderFinal),
        (refused(400), ProviderFinal),
        (refused(404, code="model_not_found"), ProviderFinal),
        (completion(None, message={"refusal": "I cannot help with that."}), ProviderFinal),
        (completion(None, finish_reason="content_filter"), ProviderFinal),
        (
            JSONResponse({"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}),
            ProviderMalformed,
        ),
    ],
    ids=lambda value: getattr(value, "status_code", None) or getattr(value, "__name__", ""),
)
async def test_each_failure_is_told_apart(
    stand_in: StandIn, answer: Response, kind: type[ProviderError]
) -> None:
    stand_in.answers = [answer]

    with pytest.raises(kind):
        await OpenAiTextProvider(api_key="sk-1", base_url=stand_in.url).complete(a_text_request(), deadline=5)

    assert len(stand_in.asked) == 1


async def test_the_wait_that_openai_asks_for_is_passed_on(stand_in: StandIn) -> None:
    stand_in.answers = [refused(429, headers={"Retry-After": "7"})]

    with pytest.raises(ProviderRetryable) as busy:
        await OpenAiTextProvider(api_key="sk-1", base_url=stand_in.url).complete(a_text_request(), deadline=5)

    assert busy.value.retry_after_seconds == 7


async def test_a_server_that_is_not_there_may_be_there_later() -> None:
    provider = OpenAiTextProvider(api_key="", base_url="http://127.0.0.1:9/v1")

    with pytest.raises(ProviderRetryable, match="cannot be reached"):
        await provider.complete(a_text_request(), deadline=5)


async def test_an_image_is_asked_for_in_a_size_the_model_takes_and_measured(stand_in: StandIn) -> None:
    stand_in.answers = [an_image(base64.b64encode(a_png()).decode())]

    answer = await OpenAiImageProvider(api_key="sk-1", base_url=stand_in.url).generate(
        an_image_request(), deadline=5
    )

    path, _, body = stand_in.asked[0]
    assert (path, body["size"]) == ("/v1/images/generations", "1536x1024")
    assert "response_format" not in body
    assert (answer.media_type, answer.width, answer.height) == ("image/png", 30, 20)


async def test_a_compatible_server_is_asked_for_the_bytes_in_the_size_wanted(stand_in: StandIn) -> None:
    stand_in.answers = [an_image(base64.b64encode(a_png()).decode())]

    await OpenAiImageProvider(api_key="", base_url=stand_in.url).generate(
        an_image_request("stable-diffusion"), deadline=5
    )

    _, _, body = stand_in.asked[0]
    assert (body["size"], body["response_format"]) == ("1200x675", "b64_json")


@pytest.mark.parametrize("encoded", ["", "%%%", base64.b64encode(b"<html>").decode()])
async def test_an_answer_that_is_no_image_is_malformed(stand_in: StandIn, encoded: str) -> None:
    stand_in.answers = [an_image(encoded)]

    with pytest.raises(ProviderMalformed):
        await OpenAiImageProvider(api_key="sk-1", base_url=stand_in.url).generate(
            an_image_request(), deadline=5
        )

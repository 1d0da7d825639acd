"""Servers that speak OpenAI's API without all of it: each lack is learned once, and what is left is used."""

import json

import pytest

from services.ai.providers.openai.words import json_within
from services.ai.providers.port import ProviderFinal
from tests.ai.providers.openai.test_openai import a_text_request, texts
from tests.ai.providers.openai.test_streaming import long_request
from tests.outside.behaviour import failing, lacking, writing
from tests.outside.server import Outside

SCHEMA, OBJECT = lacking("response_format of type json_schema"), lacking("response_format")


@pytest.fixture
async def compatible(outside: Outside) -> Outside:
    outside.compatible = True
    return outside


def formats(outside: Outside) -> list[str]:
    return [call.body.get("response_format", {}).get("type", "none") for call in outside.calls]


async def test_a_server_without_structured_output_is_told_the_schema_in_words(compatible: Outside) -> None:
    compatible.script = [SCHEMA]

    await texts(compatible).complete(a_text_request("llama3.1"), deadline=5)

    assert formats(compatible) == ["json_schema", "json_object"]
    assert '"estimated_word_count"' in compatible.calls[1].body["messages"][0]["content"]


async def test_a_server_without_any_form_of_it_is_only_told(compatible: Outside) -> None:
    compatible.script = [SCHEMA, OBJECT]

    await texts(compatible).complete(a_text_request("llama3.1"), deadline=5)

    assert formats(compatible) == ["json_schema", "json_object", "none"]


async def test_what_a_server_lacks_is_learned_once_for_each_model(compatible: Outside) -> None:
    compatible.script = [SCHEMA]
    provider = texts(compatible)

    for model in ("llama3.1", "llama3.1", "qwen3"):
        await provider.complete(a_text_request(model), deadline=5)

    assert formats(compatible) == ["json_schema", "json_object", "json_object", "json_schema"]


async def test_a_server_without_counted_streams_is_streamed_without(compatible: Outside) -> None:
    compatible.script = [lacking("stream_options")]

    await texts(compatible).complete(long_request(model="llama3.1"), deadline=5)

    assert ["stream_options" in call.body for call in compatible.calls] == [True, False]
    assert all(call.body["stream"] for call in compatible.calls)


async def test_a_server_without_streams_answers_whole(compatible: Outside) -> None:
    compatible.script = [lacking("stream")]

    await texts(compatible).complete(long_request(model="llama3.1"), deadline=5)

    assert "stream" not in compatible.calls[1].body


async def test_an_old_limit_of_tokens_is_used_where_the_new_one_is_unknown(compatible: Outside) -> None:
    compatible.script = [lacking("max_completion_tokens")]

    await texts(compatible).complete(a_text_request("llama3.1"), deadline=5)

    assert compatible.calls[1].body["max_tokens"] == 900
    assert "max_completion_tokens" not in compatible.calls[1].body


async def test_a_refusal_of_anything_else_is_final(outside: Outside) -> None:
    outside.script = [failing(400, code="context_length_exceeded")]

    with pytest.raises(ProviderFinal):
        await texts(outside).complete(a_text_request(), deadline=5)

    assert len(outside.calls) == 1


async def test_a_schema_that_openai_calls_invalid_is_our_mistake_and_no_lack_of_its(outside: Outside) -> None:
    outside.script = [failing(400, code="invalid_json_schema")]

    with pytest.raises(ProviderFinal):
        await texts(outside).complete(a_text_request(), deadline=5)

    assert len(outside.calls) == 1


async def test_json_is_found_in_what_is_said_around_it(compatible: Outside) -> None:
    compatible.script = [SCHEMA, writing('<think>{hm}</think>Here it is:\n```json\n{"ideas": []}\n```')]

    answer = await texts(compatible).complete(a_text_request("llama3.1"), deadline=5)

    assert json.loads(answer.text) == {"ideas": []}


@pytest.mark.parametrize("text", ["", "no json", "}{", '{"a": {}}'])
def test_a_text_without_anything_around_its_json_stays_as_it_is(text: str) -> None:
    assert json_within(text) == text

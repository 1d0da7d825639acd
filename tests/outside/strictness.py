"""What OpenAI's API refuses, by its reference; a stand-in that took more would hide requests that fail for real.

https://developers.openai.com/api/reference and https://developers.openai.com/api/docs/guides/structured-outputs
"""

import re
from collections.abc import Mapping
from typing import Any, Final

CHAT_PARAMETERS: Final = frozenset(
    [
        "messages",
        "model",
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    ]
)
IMAGE_PARAMETERS: Final = frozenset(
    [
        "prompt",
        "background",
        "model",
        "moderation",
        "n",
        "output_compression",
        "output_format",
        "partial_images",
        "quality",
        "response_format",
        "size",
        "stream",
        "style",
        "user",
    ]
)
SIZES: Final = {
    "gpt-image": {"1024x1024", "1536x1024", "1024x1536", "auto"},
    "dall-e-3": {"1024x1024", "1792x1024", "1024x1792"},
    "dall-e-2": {"256x256", "512x512", "1024x1024"},
}
PROMPT_LENGTHS: Final = {"gpt-image": 32_000, "dall-e-3": 4_000, "dall-e-2": 1_000}
OPENAI_MODELS: Final = ("gpt-", "o1", "o3", "o4", "dall-e-")
REASONING_MODELS: Final = ("gpt-5", "gpt-6", "o1", "o3", "o4")

_SCHEMA_KEYWORDS: Final = frozenset(
    [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "definitions",
        "description",
        "title",
        "pattern",
        "format",
        "multipleOf",
        "maximum",
        "minimum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "minItems",
        "maxItems",
    ]
)
_NESTING_MAX: Final = 10
_PROPERTIES_MAX: Final = 5_000


class Refused(Exception):
    """OpenAI would answer with this error."""

    def __init__(self, message: str, *, code: str, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.status = status


def check_chat(body: Mapping[str, Any]) -> None:
    """Raises Refused for a chat completion that OpenAI would not begin."""
    _known(body, CHAT_PARAMETERS)
    model = _model(body)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused("Missing required parameter: 'messages'.", code="missing_required_parameter")
    for message in messages:
        if message.get("role") not in ("system", "developer", "user", "assistant", "tool"):
            raise Refused("Invalid value for a role.", code="invalid_value", param="messages")
    if model.startswith(REASONING_MODELS):
        for parameter in (
            "max_tokens",
            "temperature",
            "top_p",
            "presence_penalty",
            "frequency_penalty",
            "stop",
        ):
            if parameter in body:
                raise Refused(
                    f"Unsupported parameter: '{parameter}'.", code="unsupported_parameter", param=parameter
                )
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refused(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            code="invalid_value",
            param="stream_options",
        )
    limit = body.get("max_completion_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise Refused("Invalid 'max_completion_tokens'.", code="integer_below_min_value")
    if "response_format" in body:
        _check_format(body["response_format"])


def check_image(body: Mapping[str, Any]) -> None:
    """Raises Refused for an image that OpenAI would not begin."""
    _known(body, IMAGE_PARAMETERS)
    model = _model(body)
    kind = next((start for start in SIZES if model.startswith(start)), "")
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused("Missing required parameter: 'prompt'.", code="missing_required_parameter")
    if kind and len(prompt) > PROMPT_LENGTHS[kind]:
        raise Refused("Invalid 'prompt': string too long.", code="string_above_max_length", param="prompt")
    if kind and body.get("size", "1024x1024") not in SIZES[kind]:
        raise Refused(f"Invalid value: '{body['size']}'.", code="invalid_value", param="size")
    if kind == "gpt-image" and "response_format" in body:
        raise Refused(
            "Unknown parameter: 'response_format'.", code="unknown_parameter", param="response_format"
        )
    if kind == "dall-e-3" and body.get("n", 1) != 1:
        raise Refused("Only n=1 is supported.", code="invalid_value", param="n")


def _known(body: Mapping[str, Any], parameters: frozenset[str]) -> None:
    for parameter in body:
        if parameter not in parameters:
            raise Refused(f"Unknown parameter: '{parameter}'.", code="unknown_parameter", param=parameter)


def _model(body: Mapping[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused("you must provide a model parameter", code="missing_required_parameter", param="model")
    return model


def _check_format(asked: Mapping[str, Any]) -> None:
    if asked.get("type") in ("text", "json_object"):
        return
    if asked.get("type") != "json_schema":
        raise Refused("Invalid value.", code="invalid_value", param="response_format.type")
    described = asked.get("json_schema", {})
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", described.get("name", "")):
        raise Refused("Invalid 'name'.", code="invalid_value", param="response_format.json_schema.name")
    if described.get("strict"):
        schema = described.get("schema", {})
        if schema.get("type") != "object":
            raise _bad_schema("schema must be an object at its root")
        if _check_schema(schema, depth=1) > _PROPERTIES_MAX:
            raise _bad_schema("too many properties")


def _check_schema(schema: Mapping[str, Any], *, depth: int) -> int:
    """The number of properties in it. Raises Refused for what strict structured output does not take."""
    if depth > _NESTING_MAX:
        raise _bad_schema("schema exceeds the nesting limit")
    for keyword in schema:
        if keyword not in _SCHEMA_KEYWORDS:
            raise _bad_schema(f"'{keyword}' is not permitted")
    properties = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            raise _bad_schema("'additionalProperties' is required to be supplied and to be false")
        if set(schema.get("required", ())) != set(properties):
            raise _bad_schema("'required' is required to be supplied and to hold every property")
    inner = [*properties.values(), *schema.get("anyOf", ()), *schema.get("$defs", {}).values()]
    if isinstance(schema.get("items"), Mapping):
        inner.append(schema["items"])
    return len(properties) + sum(_check_schema(each, depth=depth + 1) for each in inner)


def _bad_schema(why: str) -> Refused:
    return Refused(
        f"Invalid schema for response_format: {why}.", code="invalid_json_schema", param="response_format"
    )

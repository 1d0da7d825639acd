"""OpenAI's half of the stand-in: chat completions and images, in the shapes of its reference."""

import json
from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any

from tests.outside.behaviour import Behaviour
from tests.outside.pictures import png_base64
from tests.outside.strictness import OPENAI_MODELS, Refused, check_chat, check_image

Writes = Callable[[Mapping[str, Any]], str]
"""Makes the text of a good answer from the body of the request."""

_numbers = count(1)


def check(
    path: str, headers: Mapping[str, str], body: Any, *, keys: Collection[str], compatible: bool
) -> None:
    """Raises Refused as OpenAI would; a compatible server knows other models too, and asks for no key."""
    given = headers.get("authorization", "").removeprefix("Bearer ")
    if not compatible and given not in keys:
        # Servers that speak this API are known to repeat the key whole.
        raise Refused(f"Incorrect API key provided: {given}.", code="invalid_api_key", status=401)
    if not isinstance(body, dict):
        raise Refused("We could not parse the JSON body of your request.", code="invalid_json")
    if path == "chat/completions":
        check_chat(body)
    elif path == "images/generations":
        check_image(body)
    else:
        raise Refused(f"Invalid URL (POST /v1/{path})", code="unknown_url", status=404)
    if not compatible and not body["model"].startswith(OPENAI_MODELS):
        raise Refused(
            f"The model '{body['model']}' does not exist.", code="model_not_found", param="model", status=404
        )


def answer(path: str, body: Mapping[str, Any], behaviour: Behaviour, writes: Writes) -> dict[str, Any]:
    """A good answer, with what the behaviour changes in it."""
    if path == "images/generations":
        return {"created": 1, "data": [{"b64_json": png_base64(), **behaviour.changes}]}
    content = behaviour.content if behaviour.content is not None else writes(body)
    return {
        "id": f"chatcmpl-{next(_numbers)}",
        "object": "chat.completion",
        "created": 1,
        "model": f"{body['model']}-2025-08-07",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content, "refusal": None},
                **behaviour.changes,
            }
        ],
        "usage": {
            "prompt_tokens": 120,
            "completion_tokens": 80,
            "total_tokens": 200,
            "prompt_tokens_details": {"cached_tokens": 100},
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
    }


def chunks(completion: Mapping[str, Any], *, counted: bool) -> list[dict[str, Any]]:
    """A completion as it is streamed: its role, its text in pieces, why it ended, and its usage where that was asked."""
    [choice] = completion["choices"]
    message, text = choice["message"], choice["message"]["content"] or ""
    size = max(1, len(text) // 8)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{"content": text[at : at + size]} for at in range(0, len(text), size)]
    if message.get("refusal"):
        deltas.append({"refusal": message["refusal"]})
    about = {
        "id": completion["id"],
        "object": "chat.completion.chunk",
        "created": completion["created"],
        "model": completion["model"],
        **({"usage": None} if counted else {}),
    }
    parts = [{**about, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    parts.append({**about, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if counted:
        parts.append({**about, "choices": [], "usage": completion["usage"]})
    return parts


def error(message: str, *, code: str, param: str | None = None) -> dict[str, Any]:
    """An error in the API's shape."""
    return {
        "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code or None}
    }


def smallest(body: Mapping[str, Any]) -> str:
    """The smallest JSON that fits the schema that was asked for."""
    asked = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    return json.dumps(_smallest(asked))


def _smallest(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _smallest(schema["anyOf"][0])
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: _smallest(each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return [_smallest(schema.get("items", {}))] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case _:
            return "text"

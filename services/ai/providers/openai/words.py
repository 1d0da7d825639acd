"""JSON without structured output: the schema told in words, and the JSON found in what was said around it."""

import json
from collections.abc import Mapping
from typing import Any


def schema_in_words(schema: Mapping[str, Any]) -> str:
    """For the system prompt of a model that is not held to a schema."""
    return f"The JSON schema of the answer:\n{json.dumps(schema, ensure_ascii=False, separators=(',', ':'))}"


def json_within(text: str) -> str:
    """The JSON object in a text with thoughts before it or a fence around it; the text itself where there is none."""
    # A model that thinks aloud may write braces there.
    start, end = text.find("{", max(0, text.rfind("</think>"))), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text

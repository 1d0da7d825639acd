"""Texts by OpenAI's chat completions with structured output."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from services.ai.providers.openai.connection import NAME, Connection, understood
from services.ai.providers.port import (
    ProviderFinal,
    ProviderMalformed,
    TextAnswer,
    TextRequest,
    TokenUsage,
)

if TYPE_CHECKING:
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion

_NOT_IN_STRICT_SCHEMAS: Final = frozenset({"minLength", "maxLength"})
"""Keywords of JSON schema that structured output refuses; answers are validated against the whole schema here anyway."""


class OpenAiTextProvider:
    """The openai SDK behind the port."""

    def __init__(self, *, api_key: str, base_url: str = "", shared: Connection | None = None) -> None:
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)

    def with_key(self, key: str) -> "OpenAiTextProvider":
        """The same server by an account's own key, over the same sockets."""
        return OpenAiTextProvider(api_key=key, base_url=self._connection.base_url, shared=self._connection)

    @property
    def name(self) -> str:
        return NAME

    async def complete(self, request: TextRequest, *, deadline: float) -> TextAnswer:
        client = await self._connection.client()
        with self._connection.translated():
            completion = await client.chat.completions.create(
                model=request.model,
                messages=[
                    {"role": "system", "content": request.system},
                    {"role": "user", "content": request.user},
                ],
                response_format={
                    "type": "json_schema",
                    "json_schema": {
                        "name": request.prompt_name,
                        "schema": strict_schema(request.schema),
                        "strict": True,
                    },
                },
                max_completion_tokens=request.max_output_tokens,
                timeout=deadline,
            )
        with understood():
            return _read(completion)


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what structured output refuses."""
    return {key: _strict(value) for key, value in schema.items() if key not in _NOT_IN_STRICT_SCHEMAS}


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return strict_schema(value)
    if isinstance(value, list):
        return [_strict(each) for each in value]
    return value


def _read(completion: "ChatCompletion") -> TextAnswer:
    """Raises ProviderFinal for a refusal in words and ProviderMalformed without a text or its tokens."""
    if not completion.choices:
        raise ProviderMalformed("openai answered without any text.", provider=NAME)
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ProviderFinal(
            f"openai refused to write this: {choice.message.refusal or 'its content policy forbids it'}",
            provider=NAME,
        )
    return TextAnswer(
        text=_text(choice.message.content),
        usage=_usage(completion.usage),
        model=completion.model,
        provider_request_id=completion.id,
    )


def _usage(usage: "CompletionUsage | None") -> TokenUsage:
    """The tokens as counted. Raises ProviderMalformed without them: unknown work cannot be charged."""
    if (
        usage is None
        or not isinstance(usage.prompt_tokens, int)
        or not isinstance(usage.completion_tokens, int)
    ):
        raise ProviderMalformed("openai did not say how many tokens it used.", provider=NAME)
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    return TokenUsage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cached_input_tokens=(read.cached_tokens or 0) if read else 0,
        reasoning_tokens=(written.reasoning_tokens or 0) if written else 0,
    )


def _text(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise ProviderMalformed("openai's text is none.", provider=NAME)
    return content

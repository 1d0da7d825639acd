"""Texts by OpenAI's chat completions with structured output."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from services.ai.providers.openai.connection import NAME, Connection, understood
from services.ai.providers.openai.manners import Manners
from services.ai.providers.openai.stream import read_stream
from services.ai.providers.openai.words import json_within, schema_in_words
from services.ai.providers.paid_twice import maybe_double_paid
from services.ai.providers.port import (
    Progressed,
    ProviderFinal,
    ProviderMalformed,
    TextAnswer,
    TextRequest,
    TokenUsage,
    nobody_waits,
)

if TYPE_CHECKING:
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion

CHARACTERS_PER_TOKEN: Final = 4

STREAMED_TOKENS_MIN: Final = 3_000
"""An answer that may be longer is streamed, so that a slow one is told from a dead one."""

_NOT_IN_STRICT_SCHEMAS: Final = frozenset({"minLength", "maxLength"})
"""Keywords of JSON schema that structured output refuses; answers are validated against the whole schema here anyway."""


class OpenAiTextProvider:
    """The openai SDK behind the port; a server that lacks something of OpenAI's is asked without it from then on."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "",
        shared: Connection | None = None,
        manners: dict[str, Manners] | None = None,
    ) -> None:
        """`manners` are those that another of the same server has learned, and go on being learned by both."""
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)
        self._manners: dict[str, Manners] = {} if manners is None else manners

    def with_key(self, key: str) -> "OpenAiTextProvider":
        """The same server by an account's own key, over the same sockets."""
        return OpenAiTextProvider(
            api_key=key,
            base_url=self._connection.base_url,
            shared=self._connection,
            manners=self._manners,
        )

    @property
    def name(self) -> str:
        return NAME

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        if request.asked_before:
            maybe_double_paid(NAME)
        while True:
            manners = self._manners.setdefault(request.model, Manners())
            with self._connection.translated():
                try:
                    return await self._ask(request, manners, deadline, progressed)
                except Exception as error:
                    # A refusal costs nothing, and each teaches one thing, so this ends.
                    learned = manners.without(error)
                    if learned is None:
                        raise
            self._manners[request.model] = learned

    async def _ask(
        self, request: TextRequest, manners: Manners, deadline: float, progressed: Progressed
    ) -> TextAnswer:
        asked, client = self._body(request, manners), await self._connection.client()
        if not manners.streams or request.max_output_tokens < STREAMED_TOKENS_MIN:
            completion = await client.chat.completions.create(**asked, timeout=deadline)
            with understood():
                return _tidied(_read(completion), manners)
        if manners.counts_streams:
            asked["stream_options"] = {"include_usage": True}
        stream = await client.chat.completions.create(**asked, stream=True, timeout=deadline)
        with understood():
            async with stream:
                completion = await read_stream(stream, progressed)
            if completion.usage is not None:
                return _tidied(_read(completion), manners)
            # Whoever does not count a stream is asked for whole answers from now on, which everybody counts.
            self._manners[request.model] = replace(manners, streams=False)
            return _tidied(_read(completion, uncounted=request), manners)

    def _body(self, request: TextRequest, manners: Manners) -> dict[str, Any]:
        system = request.system
        if self._connection.base_url or manners.structure != "json_schema":
            # Many servers take a schema and heed it not.
            system = f"{system}\n\n{schema_in_words(request.schema)}"
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [
                {"role": "system", "content": system},
                {"role": "user", "content": request.user},
            ],
            manners.limit: request.max_output_tokens,
        }
        if manners.structure == "json_schema":
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": request.prompt_name,
                    "schema": strict_schema(request.schema),
                    "strict": True,
                },
            }
        elif manners.structure == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what structured output refuses."""
    return {key: _strict(value) for key, value in schema.items() if key not in _NOT_IN_STRICT_SCHEMAS}


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return strict_schema(value)
    if isinstance(value, list):
        return [_strict(each) for each in value]
    return value


def _tidied(answer: TextAnswer, manners: Manners) -> TextAnswer:
    """Without structured output a model may talk around its JSON."""
    return answer if manners.structure == "json_schema" else replace(answer, text=json_within(answer.text))


def _read(completion: "ChatCompletion", *, uncounted: TextRequest | None = None) -> TextAnswer:
    """Raises ProviderFinal for a refusal in words and ProviderMalformed without a text or its tokens.

    The tokens of an answer to an `uncounted` request are estimated by its length.
    """
    if not completion.choices:
        raise ProviderMalformed("openai answered without any text.", provider=NAME)
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise ProviderFinal(
            f"openai refused to write this: {choice.message.refusal or 'its content policy forbids it'}",
            provider=NAME,
        )
    text = _text(choice.message.content)
    return TextAnswer(
        text=text,
        usage=_estimated(uncounted, text) if uncounted else _usage(completion.usage),
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


def _estimated(request: TextRequest, text: str) -> TokenUsage:
    """A rule of thumb, for a server that streamed an answer without counting it: it was paid for, and is no gift."""
    read = len(request.system) + len(request.user)
    return TokenUsage(
        input_tokens=read // CHARACTERS_PER_TOKEN + 1, output_tokens=len(text) // CHARACTERS_PER_TOKEN + 1
    )


def _text(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise ProviderMalformed("openai's text is none.", provider=NAME)
    return content

"""A streamed chat completion, read to its end: what comes of it is the same as of a whole one."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from services.ai.providers.openai.connection import NAME
from services.ai.providers.port import Progressed, ProviderMalformed, ProviderRetryable

if TYPE_CHECKING:
    from openai.types import CompletionUsage
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

TEXT_LENGTH_MAX: Final = 1_000_000
"""Characters; no answer is as long, and a model that goes in circles would fill the memory."""


async def read_stream(
    stream: "AsyncIterator[ChatCompletionChunk]", progressed: Progressed
) -> "ChatCompletion":
    """The completion that the chunks are parts of.

    Raises ProviderRetryable for one that broke off before the model said that it had finished, and ProviderMalformed
    for one without end.
    """
    said, refused, length = list[str](), list[str](), 0
    finish, model, id = "", "", ""
    usage: CompletionUsage | None = None
    async for chunk in stream:
        progressed()
        model, id, usage = chunk.model or model, chunk.id or id, chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            said.append(choice.delta.content or "")
            refused.append(choice.delta.refusal or "")
            length += len(said[-1]) + len(refused[-1])
        if length > TEXT_LENGTH_MAX:
            raise ProviderMalformed("openai's answer is too long.", provider=NAME)
    if not finish:
        raise ProviderRetryable("openai's answer broke off in the middle.", provider=NAME, maybe_paid=True)
    return _completion("".join(said), "".join(refused), finish, usage, model, id)


def _completion(
    said: str, refused: str, finish: str, usage: "CompletionUsage | None", model: str, id: str
) -> "ChatCompletion":
    from openai.types.chat import ChatCompletion, ChatCompletionMessage
    from openai.types.chat.chat_completion import Choice

    message = ChatCompletionMessage.model_construct(role="assistant", content=said, refusal=refused or None)
    choice = Choice.model_construct(index=0, finish_reason=finish, message=message)
    return ChatCompletion.model_construct(id=id, choices=[choice], model=model, usage=usage)

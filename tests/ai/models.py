"""Model providers that do as they are told: the outside world of the ai service, behaving and misbehaving."""

import asyncio
import io
from collections.abc import Callable
from functools import cache
from typing import Generic, TypeVar

from PIL import Image

from services.ai.providers.offline import OfflineTextProvider
from services.ai.providers.port import (
    ImageAnswer,
    ImageRequest,
    Progressed,
    ProviderFinal,
    ProviderMalformed,
    ProviderRetryable,
    TextAnswer,
    TextRequest,
    TokenUsage,
    nobody_waits,
)

Request = TypeVar("Request")

HANGS = "hangs"
"""A reply that never comes."""

Reply = str | Exception | None | Callable[[Request], object]

REFUSED = ProviderFinal("offline refused it: content policy.", provider="offline")
MALFORMED = ProviderMalformed(
    "offline broke off in the middle.", provider="offline", metadata={"fault": "cut"}
)


def busy() -> ProviderRetryable:
    """A 429 that asks for a hundredth of a second."""
    return ProviderRetryable("offline is busy.", provider="offline", retry_after_seconds=0.01)


class Scripted(Generic[Request]):
    """Counts what it is asked, and answers each call with the next reply; after the last one, well."""

    name = "offline"

    def __init__(self) -> None:
        self.replies: list[Reply[Request]] = []
        self.asked: list[Request] = []
        self.at: Callable[[str], object] = _nothing
        """Told before and after each call; what it raises is the end of whoever calls."""
        self.gate: asyncio.Event | None = None
        """While it is there and not set, every call waits for it."""
        self.usage: TokenUsage | None = TokenUsage(input_tokens=100, output_tokens=50)
        """What every text says that it took; None for what the offline provider says."""

    async def _next(self, request: Request) -> object:
        """The reply to give; None for a good one."""
        self.asked.append(request)
        reply = self.replies.pop(0) if self.replies else None
        if self.gate is not None:
            await self.gate.wait()
        if reply == HANGS:
            await asyncio.Event().wait()
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply


class TextModel(Scripted[TextRequest]):
    """A text provider; good answers are the offline provider's, for 100 tokens read and 50 written."""

    def __init__(self) -> None:
        super().__init__()
        self._offline = OfflineTextProvider()

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        self.at("before call")
        reply, usage = await self._next(request), self.usage
        if reply is None:
            answer = await self._offline.complete(request, deadline=deadline)
            reply, usage = answer.text, usage or answer.usage
        self.at("after call")
        return TextAnswer(
            text=str(reply),
            usage=usage or TokenUsage(input_tokens=100, output_tokens=50),
            model=request.model,
            provider_request_id=f"text-{len(self.asked)}",
        )


class ImageModel(Scripted[ImageRequest]):
    """An image provider; a good answer is a real PNG."""

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        reply = await self._next(request)
        return ImageAnswer(
            data=png() if reply is None else str(reply).encode(),
            media_type="image/png" if reply is None else "text/html",
            width=8,
            height=8,
            model=request.model,
            provider_request_id=f"image-{len(self.asked)}",
        )


def _nothing(step: str) -> None:
    """A process that lives."""


@cache
def png() -> bytes:
    """A small real picture."""
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(data, "PNG")
    return data.getvalue()

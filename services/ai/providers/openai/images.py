"""Images by OpenAI's image generation."""

import asyncio
from typing import Any, Final

from chassis.ids import new_id
from services.ai.providers.openai.connection import NAME, Connection, understood
from services.ai.providers.pictures import decode, measure
from services.ai.providers.port import ImageAnswer, ImageRequest, ProviderMalformed

_SIZES: Final = {
    "gpt-image": ("1536x1024", "1024x1536", "1024x1024"),
    "dall-e-3": ("1792x1024", "1024x1792", "1024x1024"),
}
"""Wide, tall and square, by the start of the model's name: these models take no other sizes."""

QUALITY: Final = "medium"
"""What gpt-image models are asked for: left to themselves they choose by the prompt, and nobody knows the price before."""


class OpenAiImageProvider:
    """The openai SDK behind the port."""

    def __init__(self, *, api_key: str, base_url: str = "", shared: Connection | None = None) -> None:
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)

    def with_key(self, key: str) -> "OpenAiImageProvider":
        """The same server by an account's own key, over the same sockets."""
        return OpenAiImageProvider(api_key=key, base_url=self._connection.base_url, shared=self._connection)

    @property
    def name(self) -> str:
        return NAME

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        # gpt-image models always send the bytes and refuse to be asked for them; the others send a link unless asked.
        by_quality = request.model.startswith("gpt-image")
        asked: Any = {"quality": QUALITY} if by_quality else {"response_format": "b64_json"}
        size = _size(request)
        client = await self._connection.client()
        with self._connection.translated():
            answer = await client.images.generate(
                model=request.model,
                prompt=request.prompt,
                size=size,
                n=1,
                timeout=deadline,
                **asked,
            )
        with understood():
            encoded = answer.data[0].b64_json if answer.data else None
        if not encoded:
            raise ProviderMalformed("openai answered without an image.", provider=NAME)
        data = decode(encoded, provider=NAME)
        media_type, width, height = await asyncio.to_thread(measure, data, provider=NAME)
        return ImageAnswer(
            data=data,
            media_type=media_type,
            width=width,
            height=height,
            model=request.model,
            # The API gives images no id.
            provider_request_id=new_id(),
            priced_size=size if by_quality else "",
            priced_quality=QUALITY if by_quality else "",
        )


def _size(request: ImageRequest) -> Any:
    for start, (wide, tall, square) in _SIZES.items():
        if request.model.startswith(start):
            if request.width == request.height:
                return square
            return wide if request.width > request.height else tall
    return f"{request.width}x{request.height}"

"""Images by OpenAI's image generation."""

import asyncio
from typing import Any, Final

import orjson

from chassis.ids import new_id
from chassis.outgoing import Outgoing, place_of
from services.ai.providers.openai.connection import NAME, Connection, understood
from services.ai.providers.paid_twice import maybe_double_paid
from services.ai.providers.pictures import decode, fetched, measure
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

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "",
        shared: Connection | None = None,
        allow_private: bool = False,
    ) -> None:
        """A picture that is given by its address is fetched from the public internet, or from the server itself.

        `allow_private` allows any address.
        """
        self._connection = Connection(api_key=api_key, base_url=base_url, shared=shared)
        self._allow_private = allow_private
        self._outgoing = Outgoing(
            allow_private=allow_private, trusted=[place_of(base_url)] if base_url else ()
        )

    def with_key(self, key: str) -> "OpenAiImageProvider":
        """The same server by an account's own key, over the same sockets."""
        return OpenAiImageProvider(
            api_key=key,
            base_url=self._connection.base_url,
            shared=self._connection,
            allow_private=self._allow_private,
        )

    @property
    def name(self) -> str:
        return NAME

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        if request.asked_before:
            maybe_double_paid(NAME)
        # gpt-image models always send the bytes and refuse to be asked for them; the others send a link unless asked.
        by_quality = request.model.startswith("gpt-image")
        asked: dict[str, Any] = {"quality": QUALITY} if by_quality else {"response_format": "b64_json"}
        size = _size(request)
        asked |= {"model": request.model, "prompt": request.prompt, "size": size, "n": 1}
        encoded, url = _made(await self._asked(asked, deadline=deadline))
        if encoded:
            data = decode(encoded, provider=NAME)
        elif url:
            data = await fetched(self._outgoing, url, provider=NAME, seconds_max=deadline / 2)
        else:
            raise ProviderMalformed("openai answered without an image.", provider=NAME)
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

    async def _asked(self, asked: dict[str, Any], *, deadline: float) -> Any:
        """The answer by the SDK's own call, but read here: its models of megabytes of base64 are slow to build."""
        # As heavy as the SDK, which brings it.
        import httpx2

        client = await self._connection.client()
        with self._connection.translated():
            response = await client.post(
                "/images/generations",
                body=asked,
                options={"timeout": deadline},
                cast_to=httpx2.Response,
            )
            return orjson.loads(response.content)


def _made(answer: Any) -> tuple[str, str]:
    """The base64 text and the address of the first picture, each empty where it has none."""
    with understood():
        made = (answer.get("data") or [{}])[0]
        return str(made.get("b64_json") or ""), str(made.get("url") or "")


def _size(request: ImageRequest) -> Any:
    for start, (wide, tall, square) in _SIZES.items():
        if request.model.startswith(start):
            if request.width == request.height:
                return square
            return wide if request.width > request.height else tall
    return f"{request.width}x{request.height}"

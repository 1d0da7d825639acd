"""Which provider runs which model: the price list says it, so a model without a price cannot be used at all."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from chassis.refusal import Refusal
from services.ai.ledger import Model
from services.ai.providers.gate import Gate
from services.ai.providers.limits import LIMITS, Limits, limits_of
from services.ai.providers.port import ImageProvider, ProviderFinal, TextProvider

KNOWN_SECONDS: Final = 60.0
"""So long it is remembered which provider runs a model: asking billing before every call would cost more than the call."""


class ModelUnknown(Refusal):
    """The model has no price in force, or makes something else than is asked for."""

    reason = "PRICE_NOT_FOUND"

    def __init__(self, model_name: str, *, makes_images: bool) -> None:
        kind = "image" if makes_images else "text"
        super().__init__(
            f"There is no {kind} model {model_name} with a price. Choose another, or ask the operator to add a price.",
            metadata={"model_name": model_name},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The platform's models, used where neither the call nor the site names one."""

    text_model: str
    image_model: str


class Providers:
    """The providers of this process, and the models they run."""

    def __init__(
        self,
        *,
        text: Mapping[str, TextProvider],
        image: Mapping[str, ImageProvider],
        models: Callable[[], Awaitable[list[Model]]],
        defaults: Defaults,
        limits: Mapping[str, Limits] = LIMITS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text = text
        self._image = image
        self._models = models
        self._defaults = defaults
        self._limits = limits
        self._now = now
        self._gates: dict[tuple[str, str], Gate] = {}
        self._known: dict[tuple[str, bool], tuple[str, float]] = {}

    async def choose(self, wanted: str, *, makes_images: bool) -> str:
        """The name of the model to use: the wanted one, else the platform's. Raises ModelUnknown."""
        name = wanted or (self._defaults.image_model if makes_images else self._defaults.text_model)
        await self._model(name, makes_images=makes_images)
        return name

    async def text(self, model_name: str) -> TextProvider:
        """Raises ModelUnknown, and ProviderFinal for a provider that is not set up here."""
        provider = await self._provider(model_name, makes_images=False)
        return self._text.get(provider) or _missing(provider)

    async def image(self, model_name: str) -> ImageProvider:
        """Raises ModelUnknown, and ProviderFinal for a provider that is not set up here."""
        provider = await self._provider(model_name, makes_images=True)
        return self._image.get(provider) or _missing(provider)

    def gate(self, provider: str, model_name: str) -> Gate:
        """The gate that every call of this process to the model passes."""
        key = provider, model_name
        if key not in self._gates:
            self._gates[key] = Gate(provider, limits_of(self._limits, provider, model_name))
        return self._gates[key]

    async def calls_at_once(self, model_name: str, *, makes_images: bool) -> int:
        """How many calls at once the gate of a model lets through. Raises ModelUnknown."""
        provider = await self._provider(model_name, makes_images=makes_images)
        return self.gate(provider, model_name).limits.calls_at_once

    async def _provider(self, model_name: str, *, makes_images: bool) -> str:
        """The provider of a model that work was quoted for: who runs it changes hardly ever, its price is pinned."""
        key, now = (model_name, makes_images), self._now()
        provider, known_until = self._known.get(key, ("", now))
        if known_until <= now:
            provider = (await self._model(model_name, makes_images=makes_images)).provider
            self._known[key] = provider, now + KNOWN_SECONDS
        return provider

    async def _model(self, name: str, *, makes_images: bool) -> Model:
        for model in await self._models():
            if model.name == name and model.makes_images is makes_images:
                return model
        raise ModelUnknown(name, makes_images=makes_images)


def _missing(provider: str) -> NoReturn:
    raise ProviderFinal(
        f"The provider {provider} is not set up here: give its key in the settings, or choose another model.",
        provider=provider,
    )

"""Which provider runs which model, and by whose key: the price list says the first, the account's own keys the second."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from services.ai.ledger import Model
from services.ai.providers.gate import Gate
from services.ai.providers.keys import AccountKey, ReadKey, no_keys
from services.ai.providers.limits import LIMITS, Limits, limits_of
from services.ai.providers.port import ImageProvider, ProviderKeyMissing, TextProvider
from services.ai.providers.usable import ModelUnknown, UsableModels

P = TypeVar("P")

KNOWN_SECONDS: Final = 60.0
"""So long it is remembered which provider runs a model: asking billing before every call would cost more than the call."""

ROADS_MAX: Final = 256
"""Models by keys of accounts that a process keeps a connection and a gate for; the least used is let go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The platform's models, used where neither the call nor the site nor the account names one."""

    text_model: str
    image_model: str

    def of(self, *, makes_images: bool) -> str:
        return self.image_model if makes_images else self.text_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Road(Generic[P]):
    """How a model is reached: its provider, the gate before it, and the account's key where it is called by that."""

    provider: P
    gate: Gate
    key: AccountKey | None = None


class _Side(Generic[P]):
    """The providers of one kind of model: those that work by the platform's keys, and those made for accounts' keys."""

    def __init__(self, platforms: Mapping[str, P], own: Mapping[str, Callable[[str], P]]) -> None:
        self.platforms = platforms
        self.own = own
        self._own_roads: OrderedDict[tuple[str, str], Road[P]] = OrderedDict()

    def own_road(self, model_name: str, provider: str, key: AccountKey, limits: Limits) -> Road[P]:
        """The road by an account's key; its connection and gate are kept while they are used."""
        which = model_name, key.secret
        road = self._own_roads.get(which)
        if road is None:
            connected = self.own[provider](key.secret)
            road = self._own_roads[which] = Road(provider=connected, gate=Gate(provider, limits), key=key)
        self._own_roads.move_to_end(which)
        if len(self._own_roads) > ROADS_MAX:
            self._own_roads.popitem(last=False)
        return road


class Providers:
    """The providers of this process, and the models they run.

    `text` and `image` are those that work by the platform's own keys; `own_text` and `own_image` make one that works
    by a key of an account, which goes first. Each account's key has gates of its own, so that a wrong or exhausted
    one holds nobody else up.
    """

    def __init__(
        self,
        *,
        text: Mapping[str, TextProvider],
        image: Mapping[str, ImageProvider],
        models: Callable[[], Awaitable[list[Model]]],
        defaults: Defaults,
        limits: Mapping[str, Limits] = LIMITS,
        own_text: Mapping[str, Callable[[str], TextProvider]] | None = None,
        own_image: Mapping[str, Callable[[str], ImageProvider]] | None = None,
        keys: ReadKey = no_keys,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._text = _Side(text, own_text or {})
        self._image = _Side(image, own_image or {})
        self._models = models
        self._keys = keys
        self._limits = limits
        self._now = now
        self._gates: dict[tuple[str, str], Gate] = {}
        self._known: dict[tuple[str, bool], tuple[str, float]] = {}
        self.defaults: Final = defaults

    async def usable(self, account_id: str) -> UsableModels:
        """The models that the account can use now: with a price, and a provider with a key."""
        models = await self._models()
        priced = {model.provider for model in models}
        keyed = {
            provider
            for provider in sorted(priced & {*self._text.own, *self._image.own})
            if await self._keys(account_id, provider)
        }
        return UsableModels(
            models,
            text=self._text.platforms.keys() | (keyed & self._text.own.keys()),
            image=self._image.platforms.keys() | (keyed & self._image.own.keys()),
        )

    async def text(self, model_name: str, *, account_id: str) -> Road[TextProvider]:
        """Raises ModelUnknown, and ProviderKeyMissing for a provider that neither side has a key of."""
        provider = await self._provider(model_name, makes_images=False)
        return await self._road(model_name, provider, self._text, account_id)

    async def image(self, model_name: str, *, account_id: str) -> Road[ImageProvider]:
        """Raises ModelUnknown, and ProviderKeyMissing for a provider that neither side has a key of."""
        provider = await self._provider(model_name, makes_images=True)
        return await self._road(model_name, provider, self._image, account_id)

    async def _road(self, model_name: str, provider: str, side: _Side[P], account_id: str) -> Road[P]:
        key = await self._keys(account_id, provider) if provider in side.own else None
        if key is not None:
            return side.own_road(model_name, provider, key, limits_of(self._limits, provider, model_name))
        platforms = side.platforms.get(provider)
        if platforms is None:
            raise ProviderKeyMissing.of(provider, model_name)
        return Road(provider=platforms, gate=self.gate(provider, model_name))

    def gate(self, provider: str, model_name: str) -> Gate:
        """The gate that every call of this process to the model by the platform's key passes."""
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
        models = await self._models()
        for model in models:
            if model.name == name and model.makes_images is makes_images:
                return model
        raise ModelUnknown(name, makes_images=makes_images)

"""The models an account can use, and the refusal of any other that names those it can."""

from collections.abc import Collection, Sequence
from typing import Final

from chassis.refusal import FieldFault, Refusal
from services.ai.ledger import Model
from services.ai.providers.port import ProviderKeyMissing

NAMED_MAX: Final = 20
"""Models that a refusal names."""


class ModelUnknown(Refusal):
    """The model has no price in force, or makes something else than is asked for."""

    reason = "PRICE_NOT_FOUND"

    def __init__(
        self,
        model_name: str,
        *,
        makes_images: bool,
        field: str = "",
        origin: str = "",
        available: Sequence[str] = (),
    ) -> None:
        kind = "image" if makes_images else "text"
        named = ", ".join(available[:NAMED_MAX])
        instead = f"Choose one of {named}" if named else "Choose another"
        super().__init__(
            f"There is no {kind} model {model_name} with a price{f', which {origin} name' if origin else ''}. "
            f"{instead}, or ask the operator to add a price.",
            metadata={"model_name": model_name, "available": named} | ({"field": field} if field else {}),
            fields=[FieldFault(field, f"must be a {kind} model with a price: {named}")] if field else [],
        )


class UsableModels:
    """The price list as one account may use it; `text` and `image` are the providers with a key for it."""

    def __init__(self, models: Sequence[Model], *, text: Collection[str], image: Collection[str]) -> None:
        self._models = {(model.name, model.makes_images): model for model in models}
        self._text = text
        self._image = image

    def names(self, *, makes_images: bool) -> list[str]:
        """The models of one kind that can be used, by name."""
        return sorted(
            model.name
            for model in self._models.values()
            if model.makes_images is makes_images and model.provider in self._providers(makes_images)
        )

    def check(self, name: str, *, makes_images: bool, field: str = "", origin: str = "") -> str:
        """The name, when the model can be used. `field` is the request's that names it, `origin` what else does.

        Raises ModelUnknown without a price, and ProviderKeyMissing without a key.
        """
        model = self._models.get((name, makes_images))
        if model is None:
            raise ModelUnknown(
                name,
                makes_images=makes_images,
                field=field,
                origin=origin,
                available=self.names(makes_images=makes_images),
            )
        if model.provider not in self._providers(makes_images):
            raise ProviderKeyMissing.of(model.provider, name, field=field)
        return name

    def _providers(self, makes_images: bool) -> Collection[str]:
        return self._image if makes_images else self._text

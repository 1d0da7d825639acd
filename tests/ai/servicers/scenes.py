"""The providers that the table of every way goes through: the offline ones themselves, and those outside by HTTP."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from igny8.publisher import v1 as publisher

from services.ai.domain.function_names import FunctionName
from services.ai.providers.limits import LIMITS, Limits
from services.ai.providers.offline import OfflineImageProvider, OfflineTextProvider
from services.ai.providers.openai import OpenAiImageProvider, OpenAiTextProvider
from services.ai.providers.port import (
    ImageAnswer,
    ImageRequest,
    Progressed,
    TextAnswer,
    TextRequest,
    nobody_waits,
)
from services.ai.providers.registry import Defaults, Providers
from services.ai.providers.runware import RunwareImageProvider
from tests.ai.models import REFUSED
from tests.ai.workshop import IMAGE_MODEL, TEXT_MODEL, Workshop
from tests.outside.behaviour import failing
from tests.outside.server import KEY, Outside
from tests.outside.writer import dutiful

OPENAI_TEXT, OPENAI_IMAGE, RUNWARE_IMAGE = "gpt-5-mini", "gpt-image-2", "runware:101@1"

FUNCTIONS_OF: Final = {
    "offline": tuple(FunctionName),
    "openai": tuple(FunctionName),
    "runware": (FunctionName.GENERATE_IMAGES,),
}
"""What each provider does."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One provider at work in the workshop."""

    text_model: str
    image_model: str
    refuse: Callable[[int], None]
    """Lets so many of the next calls be refused for good."""
    calls: Callable[[], int]
    """Calls that the provider has got."""

    def model(self, function: FunctionName) -> str:
        return self.image_model if function.makes_images else self.text_model


@dataclass(kw_only=True)
class Offline:
    """Both offline providers as they are, but for the next calls that are refused for good."""

    name = "offline"
    refusals: int = 0
    calls: int = 0
    text: OfflineTextProvider = field(default_factory=OfflineTextProvider)
    image: OfflineImageProvider = field(default_factory=OfflineImageProvider)

    async def complete(
        self, request: TextRequest, *, deadline: float, progressed: Progressed = nobody_waits
    ) -> TextAnswer:
        self._take()
        return await self.text.complete(request, deadline=deadline, progressed=progressed)

    async def generate(self, request: ImageRequest, *, deadline: float) -> ImageAnswer:
        self._take()
        return await self.image.generate(request, deadline=deadline)

    def refuse(self, count: int) -> None:
        self.refusals = count

    def _take(self) -> None:
        self.calls += 1
        if self.refusals:
            self.refusals -= 1
            raise REFUSED


def offline_scene(workshop: Workshop) -> Scene:
    """The workshop's providers become those that need no key, with answers and tokens of their own."""
    provider = Offline()
    workshop.providers = Providers(
        text={"offline": provider},
        image={"offline": provider},
        models=workshop.ledger.models,
        defaults=Defaults(text_model=TEXT_MODEL, image_model=IMAGE_MODEL),
        limits=LIMITS,
    )
    return Scene(
        text_model=TEXT_MODEL, image_model=IMAGE_MODEL, refuse=provider.refuse, calls=lambda: provider.calls
    )


def outside_scene(workshop: Workshop, outside: Outside, *, image_model: str) -> Scene:
    """The workshop's providers become those outside, whose models have prices."""
    outside.writes = dutiful
    workshop.billing.text_price(model_name=OPENAI_TEXT, provider="openai")
    workshop.billing.price(model_name=OPENAI_IMAGE, provider="openai", credits_per_image=7)
    workshop.billing.price(model_name=RUNWARE_IMAGE, provider="runware", credits_per_image=7)
    workshop.providers = Providers(
        text={"openai": OpenAiTextProvider(api_key=KEY, base_url=outside.openai_url)},
        image={
            "openai": OpenAiImageProvider(api_key=KEY, base_url=outside.openai_url),
            "runware": RunwareImageProvider(api_key=KEY, base_url=outside.runware_url),
        },
        models=workshop.ledger.models,
        defaults=Defaults(text_model=OPENAI_TEXT, image_model=image_model),
        limits={name: Limits(wait_seconds_max=0.01) for name in ("openai", "runware")},
    )

    def refuse(count: int) -> None:
        outside.script = [failing(400)] * count

    return Scene(
        text_model=OPENAI_TEXT, image_model=image_model, refuse=refuse, calls=lambda: len(outside.calls)
    )


async def keyword_of_sector(workshop: Workshop, number: int) -> str:
    """A keyword of a sector of its own, so that it is an item of its own."""
    sector = publisher.CreateSectorRequest(site_id=workshop.site_id, name=f"Sector {number}")
    sector_id = (await workshop.publisher.sites().CreateSector(sector)).sector.id
    word = f"compost heap {number}"
    await workshop.publisher.import_csv(workshop.site_id, f"keyword\n{word}\n", sector_id=sector_id)
    found = await workshop.publisher.keywords(workshop.site_id)
    return next(each.id for each in found if each.keyword == word)

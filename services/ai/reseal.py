"""`python -m services.ai.reseal`: seals every stored provider key under the newest secret, and says what cannot be."""

from typing import Final

from chassis.entry import run_service
from chassis.resealing import SealedThings, reseal_service
from services.ai.settings import AiSettings
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import provider_keys

PROVIDER_KEYS: Final = SealedThings[AiTransaction](
    name="provider keys",
    way_out="have these accounts give their keys again",
    reseal_some=provider_keys.reseal_some,
    count_by_key=provider_keys.count_by_key,
)


async def main(settings: AiSettings) -> None:
    """Does it once, while the suite may be at work."""
    await reseal_service(settings, AiTransaction, PROVIDER_KEYS)


if __name__ == "__main__":
    run_service(AiSettings, main)

"""`python -m services.publisher.reseal`: seals the secrets of every connection under the newest secret of the suite."""

from typing import Final

from chassis.entry import run_service
from chassis.resealing import SealedThings, reseal_service
from services.publisher.settings import PublisherSettings
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import credentials

CONNECTIONS: Final = SealedThings[PublisherTransaction](
    name="connections",
    way_out="have these sites given their connections again",
    reseal_some=credentials.reseal_some,
    count_by_key=credentials.count_by_key,
)


async def main(settings: PublisherSettings) -> None:
    """Does it once, while the suite may be at work."""
    await reseal_service(settings, PublisherTransaction, CONNECTIONS)


if __name__ == "__main__":
    run_service(PublisherSettings, main)

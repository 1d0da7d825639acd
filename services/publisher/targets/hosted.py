"""The built-in target: published content is shown by the suite itself, so delivering it is nothing but its state."""

from collections.abc import Mapping, Sequence

from services.publisher.domain.connection import Access
from services.publisher.domain.delivery import Delivery, Placed
from services.publisher.domain.finding import Findings
from services.publisher.domain.publication import Publication
from services.publisher.domain.seen import Seen, SeenState
from services.publisher.pages.addresses import Addresses


class HostedTarget:
    """Pages at /published/{site_slug}/{content_slug}. Nothing here ever fails."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def publish(self, delivery: Delivery) -> Placed:
        """Say where the page will be; it is there from the moment its publication is booked."""
        return Placed(
            external_id=delivery.content.id,
            external_url=self._addresses.content(delivery.site.slug, delivery.content.slug),
        )

    async def unpublish(self, delivery: Delivery) -> None:
        """Nothing: the page is gone from the moment this is booked."""

    async def check(self, access: Access) -> Findings:
        """There is nothing to be wrong."""
        return Findings.of(about="Articles are shown by igny8 itself.")

    async def state_of(self, access: Access, publications: Sequence[Publication]) -> Mapping[str, Seen]:
        """What is booked is what readers see."""
        return {
            publication.id: Seen(state=SeenState.PUBLISHED, external_url=publication.external_url)
            for publication in publications
        }

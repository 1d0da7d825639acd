"""The built-in target: published content is shown by the suite itself, so delivering it is nothing but its state."""

from services.publisher.domain.delivery import Delivery, Placed
from services.publisher.pages.addresses import Addresses


class HostedTarget:
    """Pages at /published/{site_slug}/{content_slug}."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def publish(self, delivery: Delivery) -> Placed:
        """Say where the page will be; it is there from the moment its publication is booked. Never fails."""
        return Placed(
            external_id=delivery.content.id,
            external_url=self._addresses.content(delivery.site.slug, delivery.content.slug),
        )

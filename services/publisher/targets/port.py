"""What every target can do."""

from typing import Protocol

from services.publisher.domain.delivery import Delivery, Placed


class TargetPort(Protocol):
    """A place that shows content to readers."""

    async def publish(self, delivery: Delivery) -> Placed:
        """Bring the content to the target, so that readers see it there once, however often this is called.

        A publication with an `external_id` updates what is there. Beyond the first attempt the target looks for the
        publication's marker before it makes anything. Raises DeliveryRefused, TargetUnavailable or AnswerLost.
        """
        ...

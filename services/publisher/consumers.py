"""The door for events: what billing charged for a site is added to the site's numbers."""

from typing import Final

from igny8.billing import v1 as billing

from chassis.consumer import EventConsumer
from chassis.delivery import Delivery
from chassis.plain import instant_from_proto
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import writer

NAME: Final = "publisher-charges"

LINGER_SECONDS: Final = 0.2
"""The numbers are a copy that may be a little late, and the charges of a long execution come dozens a second."""


def charges_consumer() -> EventConsumer[PublisherTransaction]:
    """Adds each charge once: the inbox row makes a redelivery a quiet success."""
    return EventConsumer(
        name=NAME, handlers={billing.CreditsCaptured: _on_captured}, linger_seconds=LINGER_SECONDS
    )


def _on_captured(tx: PublisherTransaction, event: billing.CreditsCaptured, delivery: Delivery) -> None:
    if event.site_id:
        writer.add_charge(
            tx,
            account_id=delivery.account_id,
            site_id=event.site_id,
            credits=event.credits_used,
            at=instant_from_proto(event.occurred_at),
            ai_task_id=event.ai_task_id,
            item_id=event.item_id,
        )

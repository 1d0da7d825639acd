"""The door for events: each becomes a fact and is told once."""

from typing import Any, Final

from chassis.clock import Clock
from chassis.consumer import EventConsumer
from chassis.consuming import Patience
from chassis.delivery import Delivery
from services.notifications.convert import EVENTS, fact_from_proto
from services.notifications.store.transaction import NotificationsTransaction
from services.notifications.usecases.telling import tell

NAME: Final = "notifications-events"


def events_consumer(
    clock: Clock, *, patience: Patience | None = None
) -> EventConsumer[NotificationsTransaction]:
    """Tells accounts what the events of the suite say; the inbox row makes a redelivery a quiet success."""

    def on_event(tx: NotificationsTransaction, event: Any, delivery: Delivery) -> None:
        tell(tx, account_id=delivery.account_id, fact=fact_from_proto(event), now=clock.now())

    return EventConsumer(name=NAME, handlers=dict.fromkeys(EVENTS, on_event), patience=patience)

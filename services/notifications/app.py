"""The composition root of notifications."""

from igny8.notifications import v1 as notifications

from chassis.host import Host
from services.notifications import convert
from services.notifications.consumers import events_consumer
from services.notifications.servicer import NotificationServicer
from services.notifications.settings import NotificationsSettings
from services.notifications.store.transaction import NotificationsTransaction


async def serve(settings: NotificationsSettings) -> None:
    """Runs the service until it is told to end."""
    async with Host(
        name="notifications",
        settings=settings,
        transaction=NotificationsTransaction,
        encode=convert.encode,
    ) as host:
        host.add_servicer(
            notifications.add_NotificationServiceServicer_to_server,
            NotificationServicer(host.transactions, host.clock),
        )
        host.add_consumer(events_consumer(host.clock))
        await host.run()

"""The composition root of publisher: its doors, what it hears from billing, and the loop that publishes."""

from igny8.publisher import v1 as publisher

from chassis.host import Host
from chassis.outgoing import Outgoing
from chassis.sealing import Sealer
from services.publisher.consumers import charges_consumer
from services.publisher.convert_events import encode
from services.publisher.domain.target import Target
from services.publisher.folder import Folder
from services.publisher.pages.addresses import Addresses
from services.publisher.reader import Reader
from services.publisher.scheduler import Scheduler
from services.publisher.servicers.calendar import CalendarServicer
from services.publisher.servicers.pipeline import PipelineServicer
from services.publisher.servicers.planner import PlannerServicer
from services.publisher.servicers.publishing import PublishingServicer
from services.publisher.servicers.sites import SiteServicer
from services.publisher.servicers.writer import WriterServicer
from services.publisher.settings import PublisherSettings
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.hosted import HostedTarget
from services.publisher.targets.port import TargetPort
from services.publisher.targets.remembering import StoredMemory, StoredPictures
from services.publisher.targets.webhook import WebhookTarget
from services.publisher.targets.wordpress.target import WordPressTarget


async def serve(settings: PublisherSettings) -> None:
    """Runs the service until it is told to end."""
    async with Host(
        name="publisher", settings=settings, transaction=PublisherTransaction, encode=encode
    ) as host:
        transactions, clock = host.transactions, host.clock
        addresses = Addresses(settings.public_url)
        sealer = Sealer.of(settings)
        outgoing = Outgoing(allow_private=settings.allow_private_addresses)
        targets: dict[Target, TargetPort] = {
            Target.HOSTED: HostedTarget(addresses),
            Target.WORDPRESS: WordPressTarget(
                outgoing, pictures=StoredPictures(transactions), memory=StoredMemory(transactions, clock)
            ),
            Target.WEBHOOK: WebhookTarget(outgoing, clock, addresses=addresses),
        }
        scheduler = Scheduler(transactions, clock, targets=targets, sealer=sealer)
        host.add_servicer(
            publisher.add_SiteServiceServicer_to_server,
            SiteServicer(transactions, clock, sealer=sealer, targets=targets),
        )
        host.add_servicer(
            publisher.add_PlannerServiceServicer_to_server, PlannerServicer(transactions, clock)
        )
        host.add_servicer(
            publisher.add_PipelineServiceServicer_to_server,
            PipelineServicer(transactions, clock, wake_scheduler=scheduler.wake),
        )
        host.add_servicer(
            publisher.add_WriterServiceServicer_to_server,
            WriterServicer(transactions, clock, wake_scheduler=scheduler.wake),
        )
        host.add_servicer(
            publisher.add_CalendarServiceServicer_to_server,
            CalendarServicer(transactions, clock, addresses=addresses, wake_scheduler=scheduler.wake),
        )
        host.add_servicer(
            publisher.add_PublishingServiceServicer_to_server,
            PublishingServicer(transactions, clock, addresses=addresses, wake_scheduler=scheduler.wake),
        )
        host.add_consumer(charges_consumer())
        host.add_task("publisher loop", scheduler.run)
        host.add_task("reader", Reader(transactions, clock, targets=targets, sealer=sealer).run)
        host.add_task("folder", Folder(transactions, clock).run)
        await host.run()

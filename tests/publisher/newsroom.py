"""A publisher database with a site whose content a test may put into any state by the service's own use cases."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Engine, update

from chassis.ids import new_id
from chassis.sealing import Sealer
from chassis.testing import ManualClock
from chassis.testing.callers import ACCOUNT_ID
from chassis.testing.events import recorded
from chassis.transaction import Transactions
from services.publisher.domain.connection import Connection, Secret
from services.publisher.domain.content import Content
from services.publisher.domain.delivery import Delivery
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.keyword import Keyword
from services.publisher.domain.publication import Publication
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.site import Site
from services.publisher.domain.slug import slug_of
from services.publisher.domain.target import Target
from services.publisher.pages.addresses import Addresses
from services.publisher.scheduler import Scheduler
from services.publisher.store import tables
from services.publisher.store.images import ImageBlob
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.hosted import HostedTarget
from services.publisher.targets.port import TargetPort
from services.publisher.targets.testing import check_connection
from services.publisher.usecases import calendar, connections, delivering, keywords, publishing, review
from services.publisher.usecases.connections import Wanted
from services.publisher.usecases.credentials import new_signing_secret
from tests.publisher.domain.builders import settings as settings_of
from tests.publisher.domain.builders import text as text_of

T = TypeVar("T")

EDITOR = "user:editor-1"

SECRET_KEY = "a secret of at least thirty-two characters"
SEALER = Sealer(SECRET_KEY)


@dataclass(frozen=True, kw_only=True)
class Newsroom:
    """Use cases on a real database, each in its own transaction at the clock's instant."""

    transactions: Transactions[PublisherTransaction]
    clock: ManualClock

    @property
    def engine(self) -> Engine:
        return self.transactions.engine

    def run(self, usecase: Callable[..., T], **kwargs: Any) -> T:
        return self.transactions.run_sync(usecase, **kwargs, now=self.clock.now())

    # What is there

    def site(self, *, account_id: str = ACCOUNT_ID, name: str = "Garden", **rules: Any) -> Site:
        """A site that publishes every day at 09:00, 14:00 and 18:00 UTC without limits and does nothing on its own."""
        site = Site.create(
            id=new_id(),
            account_id=account_id,
            name=name,
            slug=f"{slug_of(name)}-{new_id()[-8:]}",
            time_zone=rules.get("time_zone", "UTC"),
            now=self.clock.now(),
        )
        rules = {"site_id": site.id, "account_id": account_id, **rules}
        self.transactions.run_sync(_add_site, site=site, settings=settings_of(**rules))
        return site

    def new_keyword(self, site: Site, text: str, *, sector_id: str | None = None, **facts: Any) -> Keyword:
        """A keyword of the site that is not written yet."""
        return keywords.new_keyword(
            account_id=site.account_id,
            site_id=site.id,
            sector_id=sector_id,
            text=text,
            facts=keywords.KeywordFacts(**facts),
            now=self.clock.now(),
        )

    def rules(self, site: Site, **changes: Any) -> None:
        """The site's publishing settings are others from now on."""
        self.transactions.run_sync(_change_settings, site=site, changes=changes)

    def connect(
        self,
        site: Site,
        target: Target = Target.WORDPRESS,
        *,
        url: str = "",
        username: str = "author",
        password: str = "open sesame",
    ) -> Connection:
        """The site's content goes there from now on."""
        webhook = target is Target.WEBHOOK
        wanted = Wanted(
            target=target,
            url=url or f"https://{target}.example",
            username="" if webhook else username,
            password=Secret("" if webhook else password),
        )
        given = self.run(
            connections.put_connection,
            site_id=site.id,
            account_id=site.account_id,
            wanted=wanted,
            etag="",
            sealer=SEALER,
            make_secret=new_signing_secret,
            actor=EDITOR,
        )
        return given.connection

    def connection(self, site: Site) -> Connection:
        return self.transactions.run_sync(
            connections.get_connection, site_id=site.id, account_id=site.account_id
        )

    def connection_of(self, content: Content) -> Connection:
        """The connection of the content's site."""
        return self.transactions.run_sync(
            connections.get_connection, site_id=content.site_id, account_id=content.account_id
        )

    async def try_connection(self, site_id: str, *, target: TargetPort) -> Connection:
        """What an editor does who mended something."""
        connection, _ = await check_connection(
            self.transactions,
            self.clock,
            site_id=site_id,
            account_id=ACCOUNT_ID,
            sealer=SEALER,
            targets=dict.fromkeys(Target, target),
        )
        return connection

    def draft(self, site: Site, *, title: str = "", **words: Any) -> Content:
        """A draft that passes every quality gate."""
        title = title or f"Compost {new_id()[-8:]}"
        draft = Content.create(
            id=new_id(),
            account_id=site.account_id,
            site_id=site.id,
            sector_id=None,
            task_id=None,
            cluster_id=None,
            slug=f"{slug_of(title)[:60]}-{new_id()[-6:]}",
            text=text_of(title=title, **words),
            now=self.clock.now(),
        )
        self.transactions.run_sync(_add_content, content=draft)
        return draft

    def image(
        self,
        content: Content,
        *,
        position: int = 0,
        status: ImageStatus = ImageStatus.GENERATED,
        alt_text: str = "A heap of leaves",
    ) -> Image:
        """A picture of the content; the featured one at position 0."""
        made = status is ImageStatus.GENERATED
        sha256 = new_id().replace("-", "") * 2 if made else ""
        now = self.clock.now()
        image = Image(
            id=new_id(),
            account_id=content.account_id,
            site_id=content.site_id,
            created_at=now,
            updated_at=now,
            content_id=content.id,
            image_type=ImageType.IN_ARTICLE if position else ImageType.FEATURED,
            position=position,
            prompt="a heap of leaves",
            alt_text=alt_text,
            content_hash=sha256,
            url=f"/media/{sha256}" if made else "",
            width=1200 if made else 0,
            height=800 if made else 0,
            status=status,
        )
        self.transactions.run_sync(_add_image, image=image)
        return image

    def in_review(self, site: Site, **words: Any) -> Content:
        return self.submit(self.draft(site, **words))

    def approved(self, site: Site, **words: Any) -> Content:
        return self.approve(self.in_review(site, **words))

    def scheduled(self, site: Site, *, at: datetime | None = None) -> Content:
        return self.schedule(self.approved(site), at=at)

    # What is done

    def submit(self, content: Content) -> Content:
        return self.run(review.submit_for_review, **_named(content), actor="service:ai").content

    def approve(self, content: Content, **more: Any) -> Content:
        return self.run(review.approve_content, **_named(content), actor=EDITOR, **more).content

    def send_back(self, content: Content, *, note: str = "Shorter, please", **more: Any) -> Content:
        return self.run(review.return_content, **_named(content), note=note, **more)

    def schedule(self, content: Content, *, at: datetime | None = None) -> Content:
        return self.run(calendar.schedule, **_named(content), at=at)

    def unschedule(self, content: Content) -> Content:
        return self.run(calendar.unschedule, **_named(content))

    def publish(self, content: Content) -> Content:
        """Asks for it at once; a scheduler has to take it up."""
        return self.run(publishing.publish, **_named(content))

    def unpublish(self, content: Content) -> Content:
        """Asks for it to be taken off; a scheduler has to take it up."""
        return self.run(publishing.unpublish, **_named(content))

    def scheduler(self, *, target: TargetPort | None = None, **more: Any) -> Scheduler:
        """A publisher of this database; by default of the built-in target."""
        place = target or HostedTarget(Addresses())
        targets = dict.fromkeys(Target, place)
        return Scheduler(self.transactions, self.clock, targets=targets, sealer=SEALER, **more)

    def claim(self, *, limit: int = 10) -> list[Delivery]:
        """Takes up what there is to deliver, as a publisher that may never come back."""
        return self.run(delivering.claim_deliveries, limit=limit, sealer=SEALER)

    # What came of it

    def read(self, content: Content) -> Content:
        return self.transactions.run_sync(_read, content=content)

    def publication(self, content: Content, *, target: Target = Target.HOSTED) -> Publication | None:
        return self.transactions.run_sync(_publication_of, content=content, target=target)

    def end_claims(self) -> None:
        """As if every publisher at work had died longer ago than its claim lasts."""
        with self.engine.begin() as connection:
            connection.execute(
                update(tables.publication).values(
                    claimed_until=tables.publication.c.created_at - timedelta(days=9999)
                )
            )

    def events(self, content: Content | None = None) -> list[str]:
        """The last words of the subjects of what was recorded, in order; of one content, or of all."""
        return [
            event.subject.rpartition(".")[2]
            for event in recorded(self.engine)
            if content is None or event.payload.get("content_id") == content.id
        ]

    def told(self, name: str) -> list[dict[str, Any]]:
        """The payloads of the recorded events of this name."""
        return [event.payload for event in recorded(self.engine) if event.subject.endswith(f".{name}")]


async def published(scheduler: Scheduler) -> None:
    """Lets a publisher do all there is to do at the clock's instant."""
    while await scheduler.take_up() == 0:
        await scheduler.settled()
    await scheduler.settled()


def _named(content: Content) -> dict[str, str]:
    return {"content_id": content.id, "account_id": content.account_id}


def _add_site(tx: PublisherTransaction, *, site: Site, settings: PublishingSettings) -> None:
    assert tx.sites.add(site)
    tx.settings.add(settings)


def _change_settings(tx: PublisherTransaction, *, site: Site, changes: dict[str, Any]) -> None:
    tx.settings.save(replace(tx.settings.get(site.id, account_id=site.account_id), **changes))


def _add_content(tx: PublisherTransaction, *, content: Content) -> None:
    tx.content.add(content, edited_by=EDITOR)


def _add_image(tx: PublisherTransaction, *, image: Image) -> None:
    if image.content_hash:
        blob = ImageBlob(
            sha256=image.content_hash,
            media_type="image/png",
            width=image.width,
            height=image.height,
            size=3,
            created_at=image.created_at,
        )
        tx.image_blobs.keep([(blob, b"png")])
    tx.images.add([image])


def _read(tx: PublisherTransaction, *, content: Content) -> Content:
    return tx.content.get(content.id, account_id=content.account_id)


def _publication_of(tx: PublisherTransaction, *, content: Content, target: Target) -> Publication | None:
    return tx.publications.lock_of(content.id, target)

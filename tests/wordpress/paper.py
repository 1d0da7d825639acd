"""A publisher's database with a site whose articles go to a WordPress, and articles with pictures to go there."""

import io
import random
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image as PillowImage

from chassis.ids import new_id
from chassis.outgoing import Outgoing
from services.publisher.domain.content import Content
from services.publisher.domain.delivery import Delivery
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.picture import Picture
from services.publisher.domain.site import Site
from services.publisher.domain.target import Target
from services.publisher.scheduler import Scheduler
from services.publisher.store.images import ImageBlob
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.targets.remembering import StoredMemory, StoredPictures
from services.publisher.targets.wordpress.client import Account
from services.publisher.targets.wordpress.target import WordPressTarget
from tests.publisher.newsroom import Newsroom


def picture(seed: str, *, size: tuple[int, int] = (120, 90)) -> Picture:
    """A picture that no other seed has."""
    chance = random.Random(seed)
    image = PillowImage.new("RGB", size, tuple(chance.randrange(256) for _ in range(3)))
    image.putdata([tuple(chance.randrange(256) for _ in range(3)) for _ in range(64)])
    file = io.BytesIO()
    image.save(file, "PNG")
    return Picture(data=file.getvalue(), media_type="image/png", width=size[0], height=size[1])


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A newsroom, and its site at a WordPress."""

    newsroom: Newsroom
    site: Site

    @classmethod
    def at(cls, newsroom: Newsroom, account: Account, **rules: Any) -> "Paper":
        """A new site that publishes there."""
        site = newsroom.site(**rules)
        newsroom.connect(
            site, Target.WORDPRESS, url=account.url, username=account.user, password=account.password
        )
        return cls(newsroom=newsroom, site=site)

    def target(self) -> WordPressTarget:
        """The WordPress target on this database."""
        transactions, clock = self.newsroom.transactions, self.newsroom.clock
        return WordPressTarget(
            Outgoing(allow_private=True),
            pictures=StoredPictures(transactions),
            memory=StoredMemory(transactions, clock),
        )

    def scheduler(self) -> Scheduler:
        """The publisher as it is in the service."""
        return self.newsroom.scheduler(target=self.target())

    def approved(self, *, pictures: int = 0, seed: str = "", **words: Any) -> Content:
        """An approved article; the first of its pictures is the featured one."""
        draft = self.newsroom.draft(self.site, **words)
        for position in range(pictures):
            self.add_picture(draft, picture(seed + str(position) if seed else new_id()), position=position)
        return self.newsroom.approve(self.newsroom.submit(draft))

    def add_picture(self, content: Content, made: Picture, *, position: int) -> None:
        """The article shows it."""
        now = self.newsroom.clock.now()
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
            alt_text=f'Leaves "{position}" [gallery]',
            content_hash=made.sha256,
            url=made.url,
            media_type=made.media_type,
            width=made.width,
            height=made.height,
            status=ImageStatus.GENERATED,
        )
        blob = ImageBlob(
            sha256=made.sha256,
            media_type=made.media_type,
            width=made.width,
            height=made.height,
            size=len(made.data),
            created_at=now,
        )
        self.newsroom.transactions.run_sync(_keep, image=image, blob=blob, data=made.data)

    def delivery(self, content: Content) -> Delivery:
        """The first attempt at publishing it, taken up as a publisher does."""
        self.newsroom.publish(content)
        return next(each for each in self.newsroom.claim() if each.content.id == content.id)

    def again(self, delivery: Delivery, **changes: Any) -> Delivery:
        """One more attempt at the same."""
        publication = replace(delivery.publication, attempts=delivery.publication.attempts + 1)
        return replace(delivery, publication=publication, **changes)


def _keep(tx: PublisherTransaction, *, image: Image, blob: ImageBlob, data: bytes) -> None:
    tx.image_blobs.keep([(blob, data)])
    tx.images.add([image])

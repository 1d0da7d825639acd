"""One transaction of publisher, with its stores."""

from functools import cached_property

from chassis.transaction import Transaction
from services.publisher.store.content import Contents
from services.publisher.store.images import ImageBlobs, Images
from services.publisher.store.publications import Publications
from services.publisher.store.settings import Settings
from services.publisher.store.sites import Sectors, Sites


class PublisherTransaction(Transaction):
    """What a use case of publisher works on.

    Locks, in this order: task, idea, cluster, keywords, the site's calendar (`settings.lock`), content, image, publication.
    """

    @cached_property
    def sites(self) -> Sites:
        return Sites(self.connection)

    @cached_property
    def sectors(self) -> Sectors:
        return Sectors(self.connection)

    @cached_property
    def settings(self) -> Settings:
        return Settings(self.connection)

    @cached_property
    def content(self) -> Contents:
        return Contents(self.connection)

    @cached_property
    def images(self) -> Images:
        return Images(self.connection)

    @cached_property
    def image_blobs(self) -> ImageBlobs:
        return ImageBlobs(self.connection)

    @cached_property
    def publications(self) -> Publications:
        return Publications(self.connection)

"""One transaction of publisher, with its stores."""

from datetime import datetime
from functools import cached_property

from chassis.identity import caller_or_none
from chassis.ids import new_id
from chassis.transaction import Transaction
from services.publisher.domain.content import Content
from services.publisher.domain.events import ContentEvent
from services.publisher.domain.history import Action, HistoryEntry, entry_of
from services.publisher.store.calendar import Calendar
from services.publisher.store.calendar_entries import CalendarEntries
from services.publisher.store.clusters import Clusters
from services.publisher.store.connections import Connections
from services.publisher.store.content import Contents
from services.publisher.store.feeds import Feeds
from services.publisher.store.history import Histories
from services.publisher.store.ideas import Ideas
from services.publisher.store.images import ImageBlobs, Images
from services.publisher.store.keywords import Keywords
from services.publisher.store.publications import Publications
from services.publisher.store.published import Published
from services.publisher.store.remote_objects import RemoteObjects
from services.publisher.store.settings import Settings
from services.publisher.store.sites import Sectors, Sites
from services.publisher.store.stages import Stages
from services.publisher.store.stats import Stats
from services.publisher.store.tasks import Tasks


class PublisherTransaction(Transaction):
    """What a use case of publisher works on.

    Locks, in this order: task, ideas, keywords, clusters, the site's calendar (`settings.lock`), content, image,
    publication, connection.
    """

    @property
    def actor(self) -> str:
        """Who it is for: the caller, or the service itself for what happens at its time."""
        caller = caller_or_none()
        return "service:publisher" if caller is None else caller.actor

    def record(self, event: object, *, account_id: str, traceparent: str = "") -> None:
        """As Transaction.record; what happens to content is in its history too, whoever records it."""
        super().record(event, account_id=account_id, traceparent=traceparent)
        if isinstance(event, ContentEvent):
            entry = entry_of(event, id=new_id(), actor=self.actor)
            if entry is not None:
                self.histories.add(entry)

    def note(
        self,
        content: Content,
        action: Action,
        *,
        words: str = "",
        version: int = 0,
        actor: str = "",
        now: datetime,
    ) -> None:
        """Adds to content's history what no event tells; the actor is the caller unless it is said."""
        entry = HistoryEntry(
            id=new_id(),
            account_id=content.account_id,
            content_id=content.id,
            action=action,
            actor=actor or self.actor,
            note=words,
            version=version,
            occurred_at=now,
        )
        self.histories.add(entry)

    @cached_property
    def histories(self) -> Histories:
        return Histories(self.connection, self.writes)

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
    def keywords(self) -> Keywords:
        return Keywords(self.connection)

    @cached_property
    def clusters(self) -> Clusters:
        return Clusters(self.connection)

    @cached_property
    def ideas(self) -> Ideas:
        return Ideas(self.connection)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.connection)

    @cached_property
    def stages(self) -> Stages:
        return Stages(self.connection)

    @cached_property
    def stats(self) -> Stats:
        return Stats(self.connection, self.writes)

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
    def calendar(self) -> Calendar:
        return Calendar(self.connection)

    @cached_property
    def calendar_entries(self) -> CalendarEntries:
        return CalendarEntries(self.connection)

    @cached_property
    def feeds(self) -> Feeds:
        return Feeds(self.connection)

    @cached_property
    def published(self) -> Published:
        return Published(self.connection)

    @cached_property
    def publications(self) -> Publications:
        return Publications(self.connection)

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.connection)

    @cached_property
    def remote_objects(self) -> RemoteObjects:
        return RemoteObjects(self.connection)

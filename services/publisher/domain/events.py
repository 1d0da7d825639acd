"""What happens to content and connections, as others hear of it; never the article itself, nor a credential."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.publisher.domain.connection import Connection
from services.publisher.domain.content import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentEvent:
    """What every event of the content domain says; states are wire names, `occurred_at` is UTC."""

    account_id: str
    site_id: str
    content_id: str
    title: str
    status: str
    site_status: str
    run_id: str | None
    occurred_at: datetime

    @classmethod
    def _of(cls, content: Content, *, now: datetime, **more: object) -> Self:
        return cls(
            account_id=content.account_id,
            site_id=content.site_id,
            content_id=content.id,
            title=content.title,
            status=content.status.value,
            site_status=content.site_status.value,
            run_id=content.run_id,
            occurred_at=now,
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCreated(ContentEvent):
    """A first draft was saved."""

    task_id: str
    word_count: int

    @classmethod
    def of(cls, content: Content, *, now: datetime) -> Self:
        return cls._of(content, now=now, task_id=content.task_id or "", word_count=content.word_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentReadyForReview(ContentEvent):
    """Content waits for a person. `held_back_by` are the sentences of gates that kept it from being approved alone."""

    held_back_by: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: Content, *, now: datetime, held_back_by: tuple[str, ...] = ()) -> Self:
        return cls._of(content, now=now, held_back_by=held_back_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentApproved(ContentEvent):
    """Content was approved, `automatically` or by the actor (user:<id>, api_key:<id>, service:<name>)."""

    automatically: bool
    approved_by: str

    @classmethod
    def of(cls, content: Content, *, now: datetime, approved_by: str, automatically: bool) -> Self:
        return cls._of(content, now=now, approved_by=approved_by, automatically=automatically)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentScheduled(ContentEvent):
    """Content has a time, a first or another one. `explanation` says why this one when a rule chose it."""

    scheduled_publish_at: datetime
    automatically: bool
    explanation: str

    @classmethod
    def of(
        cls, content: Content, *, now: datetime, automatically: bool = False, explanation: str = ""
    ) -> Self:
        assert content.scheduled_publish_at is not None, "scheduled content has a time"
        return cls._of(
            content,
            now=now,
            scheduled_publish_at=content.scheduled_publish_at,
            automatically=automatically,
            explanation=explanation,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentUnscheduled(ContentEvent):
    """Content was taken off the calendar."""

    @classmethod
    def of(cls, content: Content, *, now: datetime) -> Self:
        return cls._of(content, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublished(ContentEvent):
    """Content is at its target, where it was seen; `again` when readers saw an earlier version of it before."""

    published_at: datetime
    external_url: str
    again: bool

    @classmethod
    def of(cls, content: Content, *, now: datetime, again: bool = False) -> Self:
        assert content.published_at is not None, "published content has a time"
        return cls._of(
            content,
            now=now,
            published_at=content.published_at,
            external_url=content.external_url,
            again=again,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentUnpublished(ContentEvent):
    """Content was taken from its target: by us or, `at_target`, by somebody there."""

    at_target: bool

    @classmethod
    def of(cls, content: Content, *, now: datetime, at_target: bool = False) -> Self:
        return cls._of(content, now=now, at_target=at_target)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentUnpublishFailed(ContentEvent):
    """Content could not be taken from its target: readers see it still."""

    error: str

    @classmethod
    def of(cls, content: Content, *, now: datetime) -> Self:
        return cls._of(content, now=now, error=content.publish_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublishFailed(ContentEvent):
    """A delivery came to nothing. With the site status `published` an earlier version is at the target still."""

    error: str

    @classmethod
    def of(cls, content: Content, *, now: datetime) -> Self:
        return cls._of(content, now=now, error=content.publish_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPublishUnconfirmed(ContentEvent):
    """Whether the content is at its target is not known; it is being looked up."""

    error: str

    @classmethod
    def of(cls, content: Content, *, now: datetime) -> Self:
        return cls._of(content, now=now, error=content.publish_error)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentScheduleMissed(ContentEvent):
    """Content fell due while nobody could publish it; `catch_up` is the rule of the site that decides on it."""

    scheduled_publish_at: datetime
    late_seconds: int
    catch_up: str

    @classmethod
    def of(cls, content: Content, *, now: datetime, catch_up: str) -> Self:
        assert content.scheduled_publish_at is not None, "missed content had a time"
        due = content.scheduled_publish_at
        return cls._of(
            content,
            now=now,
            scheduled_publish_at=due,
            late_seconds=int((now - due).total_seconds()),
            catch_up=catch_up,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent:
    """What every event of the sites domain says of a connection, without its address or credentials."""

    account_id: str
    site_id: str
    target: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost(ConnectionEvent):
    """A site's target lets nothing be published any more; the reason is a sentence with the way out."""

    cause: str
    reason: str

    @classmethod
    def of(cls, connection: Connection, *, now: datetime) -> Self:
        assert connection.cause is not None, "a lost connection has a cause"
        return cls(
            account_id=connection.account_id,
            site_id=connection.site_id,
            target=connection.target.value,
            cause=connection.cause.value,
            reason=connection.reason,
            occurred_at=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRestored(ConnectionEvent):
    """A connection that was lost works again."""

    @classmethod
    def of(cls, connection: Connection, *, now: datetime) -> Self:
        return cls(
            account_id=connection.account_id,
            site_id=connection.site_id,
            target=connection.target.value,
            occurred_at=now,
        )

"""The message of events.proto for each domain event of publisher."""

from typing import Final

from google.protobuf.message import Message
from igny8.publisher import v1 as publisher

from chassis.plain import instant_to_proto
from services.publisher.domain import events

BY_ITSELF: Final = "auto_approve"
"""The actor of an approval that the site's rule gave."""


def encode(event: object) -> Message:
    """The message of a domain event. Raises TypeError for anything else."""
    if isinstance(event, events.ConnectionEvent):
        return _connection_event(event)
    if not isinstance(event, events.ContentEvent):
        raise TypeError(f"{type(event).__name__} is no event of publisher")
    about = {
        "account_id": event.account_id,
        "site_id": event.site_id,
        "content_id": event.content_id,
        "title": event.title,
        "run_id": event.run_id or "",
    }
    at = instant_to_proto(event.occurred_at)
    match event:
        case events.ContentCreated():
            return publisher.ContentCreated(**about, occurred_at=at)
        case events.ContentReadyForReview():
            note = " ".join(event.held_back_by)
            return publisher.ContentReadyForReview(**about, review_note=note, occurred_at=at)
        case events.ContentApproved():
            actor = BY_ITSELF if event.automatically else event.approved_by
            return publisher.ContentApproved(**about, actor=actor, occurred_at=at)
        case events.ContentScheduled():
            return publisher.ContentScheduled(
                **about,
                scheduled_publish_at=instant_to_proto(event.scheduled_publish_at),
                explanation=event.explanation,
                occurred_at=at,
            )
        case events.ContentUnscheduled():
            return publisher.ContentUnscheduled(**about, occurred_at=at)
        case events.ContentPublished():
            return publisher.ContentPublished(
                **about,
                external_url=event.external_url,
                published_at=instant_to_proto(event.published_at),
                again=event.again,
                occurred_at=at,
            )
        case events.ContentUnpublished():
            return publisher.ContentUnpublished(**about, at_target=event.at_target, occurred_at=at)
        case events.ContentUnpublishFailed():
            return publisher.ContentUnpublishFailed(**about, error=event.error, occurred_at=at)
        case events.ContentPublishFailed():
            return publisher.ContentPublishFailed(**about, error=event.error, occurred_at=at)
        case events.ContentPublishUnconfirmed():
            return publisher.ContentPublishUnconfirmed(**about, error=event.error, occurred_at=at)
        case events.ContentScheduleMissed():
            return publisher.ContentScheduleMissed(
                **about,
                planned_at=instant_to_proto(event.scheduled_publish_at),
                catch_up=event.catch_up,
                occurred_at=at,
            )
        case _:
            raise TypeError(f"{type(event).__name__} has no message")


def _connection_event(event: events.ConnectionEvent) -> Message:
    about = {"account_id": event.account_id, "site_id": event.site_id, "target": event.target}
    at = instant_to_proto(event.occurred_at)
    match event:
        case events.ConnectionLost():
            return publisher.ConnectionLost(**about, cause=event.cause, reason=event.reason, occurred_at=at)
        case events.ConnectionRestored():
            return publisher.ConnectionRestored(**about, occurred_at=at)
        case _:
            raise TypeError(f"{type(event).__name__} has no message")

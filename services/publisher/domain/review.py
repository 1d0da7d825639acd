"""The one decision about an article's way: draft, review, approved, scheduled."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.events import (
    ContentApproved,
    ContentEvent,
    ContentReadyForReview,
    ContentScheduled,
)
from services.publisher.domain.image import Image, pending_count
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.quality_gates import GateFailure, failed_gates
from services.publisher.domain.schedule.occupied import Occupied
from services.publisher.domain.schedule.slots import NoFreeSlot, Slot, next_free_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """The content as it is to be saved, with the events to record in order."""

    content: Content
    events: tuple[ContentEvent, ...] = ()
    held_back_by: tuple[GateFailure, ...] = ()
    """The gates that kept it in review, although the site approves on its own."""
    slot: Slot | None = None
    """The slot it got, with its explanation."""
    unscheduled_because: str = ""
    """Why it is approved and has no slot, although the site schedules on its own."""


def take_into_review(
    content: Content,
    *,
    images: Iterable[Image],
    title_is_used: bool,
    settings: PublishingSettings,
    occupied: Occupied,
    actor: str,
    now: datetime,
) -> ReviewOutcome:
    """Take a draft into review and, by the site's settings, on to approval and a slot.

    StateConflict while an image is pending. Content beyond draft is left as it is, without events: the second
    request is a quiet success. `occupied` as for next_free_slots; read it, and save the outcome, under one
    lock of the site's calendar.
    """
    if content.status is not ContentStatus.DRAFT:
        return ReviewOutcome(content=content)
    made = tuple(images)
    in_review = content.submit_for_review(pending_images=pending_count(made), now=now)
    if not settings.auto_approve_content:
        return ReviewOutcome(content=in_review, events=(ContentReadyForReview.of(in_review, now=now),))
    failures = failed_gates(in_review, images=made, title_is_used=title_is_used, gates=settings.quality_gates)
    if failures:
        sentences = tuple(failure.sentence for failure in failures)
        held_back = replace(in_review, review_note=" ".join(sentences))
        waiting = ContentReadyForReview.of(held_back, now=now, held_back_by=sentences)
        return ReviewOutcome(content=held_back, events=(waiting,), held_back_by=failures)
    return _approved(in_review, settings, occupied, actor=actor, automatically=True, now=now)


def approve(
    content: Content,
    *,
    settings: PublishingSettings,
    occupied: Occupied,
    actor: str,
    now: datetime,
) -> ReviewOutcome:
    """A person approves: no gate holds it, and the site's auto-schedule gives it a slot. Again is a quiet success."""
    if content.status is ContentStatus.APPROVED:
        return ReviewOutcome(content=content)
    return _approved(content, settings, occupied, actor=actor, automatically=False, now=now)


def _approved(
    content: Content,
    settings: PublishingSettings,
    occupied: Occupied,
    *,
    actor: str,
    automatically: bool,
    now: datetime,
) -> ReviewOutcome:
    approved = content.approve(now=now)
    event = ContentApproved.of(approved, now=now, approved_by=actor, automatically=automatically)
    # Content sent back after it was published and unpublished comes here again, and is free to be scheduled.
    if not settings.auto_schedule or approved.site_status not in (
        SiteStatus.NOT_PUBLISHED,
        SiteStatus.FAILED,
    ):
        return ReviewOutcome(content=approved, events=(event,))
    try:
        slot = next_free_slot(settings, occupied=occupied, now=now)
    except NoFreeSlot as full:
        return ReviewOutcome(content=approved, events=(event,), unscheduled_because=full.message)
    scheduled = approved.schedule(slot.at, now=now)
    planned = ContentScheduled.of(scheduled, now=now, automatically=True, explanation=slot.explanation)
    return ReviewOutcome(content=scheduled, events=(event, planned), slot=slot)

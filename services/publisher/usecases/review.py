"""Review: taking content in, approving it and sending it back. The only road to approval, by hand or by itself."""

from datetime import datetime

from services.publisher.domain import review
from services.publisher.domain.content import Content, ContentStatus
from services.publisher.domain.history import Action
from services.publisher.domain.review import ReviewOutcome
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases.calendar_lock import LockedCalendar, lock_calendar


def submit_for_review(
    tx: PublisherTransaction, *, content_id: str, account_id: str, actor: str, now: datetime
) -> ReviewOutcome:
    """Take a draft into review and, as the site's settings say, on to approval and the next free slot.

    Content beyond draft is left as it is. Raises NotFound, and StateConflict while images are pending. It locks the
    site's calendar before the content: call it before locking either.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    if content.status is not ContentStatus.DRAFT:
        return ReviewOutcome(content=content)
    return submit_locked(tx, content, calendar, actor=actor, now=now)


def submit_locked(
    tx: PublisherTransaction, content: Content, calendar: LockedCalendar, *, actor: str, now: datetime
) -> ReviewOutcome:
    """As `submit_for_review`, for a draft that is locked, after the calendar of its site."""
    return _settle(
        tx,
        review.take_into_review(
            content,
            images=tx.images.of_content(content.id),
            title_is_used=tx.content.title_is_used(content),
            settings=calendar.settings,
            occupied=calendar.occupied(now=now),
            actor=actor,
            now=now,
        ),
        now=now,
    )


def approve_content(
    tx: PublisherTransaction, *, content_id: str, account_id: str, etag: str = "", actor: str, now: datetime
) -> ReviewOutcome:
    """A person approves content in review; the site's auto-schedule gives it a slot. Again is a quiet success.

    Raises NotFound, StaleEtag when the text was saved since `etag` was read, StateConflict for a draft.
    """
    content, calendar = lock_calendar(tx, content_id=content_id, account_id=account_id)
    if content.status is ContentStatus.APPROVED:
        return ReviewOutcome(content=content)
    content.check_etag(etag)
    return _settle(
        tx,
        review.approve(
            content,
            settings=calendar.settings,
            occupied=calendar.occupied(now=now),
            actor=actor,
            now=now,
        ),
        now=now,
    )


def return_content(
    tx: PublisherTransaction, *, content_id: str, account_id: str, note: str, etag: str = "", now: datetime
) -> Content:
    """Send content back to draft with a note; the same note again is a quiet success.

    Raises NotFound, StaleEtag, RequestInvalid for a note that is too long, StateConflict for a draft and for what
    is scheduled, on its way or published.
    """
    content = tx.content.lock(content_id, account_id=account_id)
    if content.status is ContentStatus.DRAFT and content.review_note == note.strip():
        return content
    content.check_etag(etag)
    returned = content.send_back(note, now=now)
    tx.calendar.save(returned)
    tx.note(returned, Action.SENT_BACK, words=returned.review_note, now=now)
    return returned


def _settle(tx: PublisherTransaction, outcome: ReviewOutcome, *, now: datetime) -> ReviewOutcome:
    tx.calendar.save(outcome.content)
    tx.record_many((event, event.account_id) for event in outcome.events)
    if outcome.unscheduled_because:
        tx.note(outcome.content, Action.NOT_SCHEDULED, words=outcome.unscheduled_because, now=now)
    return outcome

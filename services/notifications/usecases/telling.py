"""Telling an account what happened: a new notification, or one more of one that counts."""

from datetime import datetime

from chassis.ids import new_id
from services.notifications.domain.drafting import draft_of
from services.notifications.domain.events import NotificationCreated
from services.notifications.domain.facts import Fact
from services.notifications.domain.notification import Notification
from services.notifications.store.transaction import NotificationsTransaction


def tell(tx: NotificationsTransaction, *, account_id: str, fact: Fact, now: datetime) -> Notification:
    """Notes the fact. Calling it twice tells it twice: the caller's inbox row sees to it that nobody does."""
    draft = draft_of(fact)
    unread = tx.unread.lock(account_id)
    counting = (
        tx.notifications.counting(account_id, draft.run_id, draft.notification_type) if draft.run_id else None
    )
    if counting is None:
        notification = Notification.of(draft, id=new_id(), account_id=account_id)
        tx.notifications.add(notification)
    else:
        notification = counting.and_also(draft)
        tx.notifications.save(notification)
    if counting is None or not counting.unread:
        unread += 1
        tx.unread.save(account_id, unread)
    tx.record(
        NotificationCreated(notification=notification, unread=unread, occurred_at=now), account_id=account_id
    )
    return notification

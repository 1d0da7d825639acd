"""What notifications tells the others, each with the account's number of unread ones after it."""

from dataclasses import dataclass
from datetime import datetime

from services.notifications.domain.notification import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationCreated:
    """A notification was made, or one that counts went up."""

    notification: Notification
    unread: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRead:
    """One notification was read, or all when no id is named."""

    account_id: str
    notification_id: str | None
    unread: int
    occurred_at: datetime

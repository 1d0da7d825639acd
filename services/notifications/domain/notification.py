"""A notification: something people of an account should know, standing for one event or, in a run, for many."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from services.notifications.domain.draft import NotificationDraft, NotificationType, RelatedType
from services.notifications.domain.wording import words_for
from services.notifications.domain.words import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Something an account was told. `created_at` and `updated_at` are when its first and last events happened."""

    id: str
    account_id: str
    notification_type: NotificationType
    title: str
    message: str
    severity: Severity
    count: int
    related_type: RelatedType
    related_id: str
    site_id: str | None
    run_id: str | None
    metadata: Mapping[str, Any]
    read_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def unread(self) -> bool:
        return self.read_at is None

    @classmethod
    def of(cls, draft: NotificationDraft, *, id: str, account_id: str) -> Self:
        """The first notification of its kind: it stands for one event."""
        metadata = {**draft.facts, **draft.totals}
        words = words_for(
            draft.notification_type, count=1, in_run=draft.run_id is not None, metadata=metadata
        )
        return cls(
            id=id,
            account_id=account_id,
            notification_type=draft.notification_type,
            title=words.title,
            message=words.message,
            severity=words.severity,
            count=1,
            related_type=draft.related_type,
            related_id=draft.related_id,
            site_id=draft.site_id,
            run_id=draft.run_id,
            metadata=metadata,
            read_at=None,
            created_at=draft.occurred_at,
            updated_at=draft.occurred_at,
        )

    def and_also(self, draft: NotificationDraft) -> Self:
        """It stands for one event more and is unread again: numbers add up, facts are those of the latest event.

        It is then about the run, as no single thing is what it stands for.
        """
        assert (draft.notification_type, draft.run_id) == (self.notification_type, self.run_id)
        assert self.run_id is not None, "only notifications of a run count"
        facts = draft.facts if draft.occurred_at >= self.updated_at else {}
        totals = {name: self.metadata.get(name, 0) + more for name, more in draft.totals.items()}
        metadata = {**self.metadata, **facts, **totals}
        words = words_for(self.notification_type, count=self.count + 1, in_run=True, metadata=metadata)
        return replace(
            self,
            title=words.title,
            message=words.message,
            severity=words.severity,
            count=self.count + 1,
            related_type=RelatedType.RUN,
            related_id=self.run_id,
            metadata=metadata,
            read_at=None,
            created_at=min(self.created_at, draft.occurred_at),
            updated_at=max(self.updated_at, draft.occurred_at),
        )

    def read(self, *, now: datetime) -> Self:
        """Somebody of the account has seen it; reading it again changes nothing."""
        return replace(self, read_at=now) if self.unread else self

"""Content as a calendar shows it."""

from dataclasses import dataclass
from datetime import datetime

from services.publisher.domain.content import ContentStatus, SiteStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """`at` is where it stands on the calendar (UTC): the time it is planned for, was published at or failed at."""

    content_id: str
    title: str
    status: ContentStatus
    site_status: SiteStatus
    at: datetime | None
    scheduled_publish_at: datetime | None
    published_at: datetime | None
    external_url: str
    updated_at: datetime

"""Content as a calendar shows it."""

from datetime import datetime
from typing import NamedTuple

from services.publisher.domain.content import ContentStatus, SiteStatus


class CalendarEntry(NamedTuple):
    """`at` is where it stands on the calendar (UTC): the time it is or was planned for, or was asked for at once.

    There it stays when it is published, which may be later, and when it fails.

    A tuple and no dataclass, since a calendar has thousands.
    """

    content_id: str
    title: str
    status: ContentStatus
    site_status: SiteStatus
    at: datetime | None
    scheduled_publish_at: datetime | None
    published_at: datetime | None
    external_url: str
    updated_at: datetime

"""Builders that fill what a test does not care about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.content_text import ContentText
from services.publisher.domain.image import Image, ImageStatus, ImageType
from services.publisher.domain.publishing_settings import PublishingSettings, Weekday

NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
"""A Monday."""

OWNED: dict[str, Any] = {
    "account_id": "account-1",
    "site_id": "site-1",
    "created_at": NOW,
    "updated_at": NOW,
}
GOOD_HTML = (
    "<p>" + "Compost feeds the soil. " * 100 + "</p><h2>Start</h2><p>Small.</p><h2>Turn</h2><p>Weekly.</p>"
)


def text(**more: Any) -> ContentText:
    """A text that passes every quality gate."""
    given: dict[str, Any] = {
        "title": "How to start composting",
        "html": GOOD_HTML,
        "meta_title": "How to start composting",
        "meta_description": "A first heap in an afternoon.",
    }
    return ContentText(**{**given, **more})


def content(
    status: ContentStatus = ContentStatus.DRAFT,
    site_status: SiteStatus = SiteStatus.NOT_PUBLISHED,
    **more: Any,
) -> Content:
    """A content in any state."""
    given = Content.create(
        id="content-1",
        account_id="account-1",
        site_id="site-1",
        sector_id=None,
        task_id="task-1",
        cluster_id=None,
        slug="how-to-start-composting",
        text=text(),
        now=NOW,
    )
    scheduled = NOW if site_status in (SiteStatus.SCHEDULED, SiteStatus.PUBLISHING) else None
    published = NOW if site_status is SiteStatus.PUBLISHED else None
    states: dict[str, Any] = {
        "status": status,
        "site_status": site_status,
        "scheduled_publish_at": scheduled,
        "published_at": published,
        "published_version": 1 if published else 0,
    }
    return replace(given, **{**states, **more})


def image(status: ImageStatus = ImageStatus.GENERATED, **more: Any) -> Image:
    """The featured image of the content."""
    given: dict[str, Any] = {
        "id": "image-1",
        "content_id": "content-1",
        "image_type": ImageType.FEATURED,
        "position": 0,
        "prompt": "a compost heap",
        "alt_text": "A compost heap in autumn",
        "status": status,
    }
    return Image(**{**OWNED, **given, **more})


def settings(**more: Any) -> PublishingSettings:
    """Every day at 09:00, 14:00 and 18:00 UTC without limits, and nothing on its own."""
    given: dict[str, Any] = {
        "site_id": "site-1",
        "account_id": "account-1",
        "publish_days": frozenset(Weekday),
        "daily_limit": None,
        "weekly_limit": None,
        "monthly_limit": None,
    }
    return PublishingSettings(**{**given, **more})

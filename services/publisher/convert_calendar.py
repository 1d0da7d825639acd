"""Between what a calendar holds and its messages: instants in UTC, and local times on the site's clock."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import repeat
from typing import Final

from igny8.publisher import v1 as publisher

from chassis.plain import instant_fields, instant_to_proto, maybe_instant_to_proto
from chassis.remembered import Remembered
from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.calendar_feed import CalendarFeed
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.local_time import clock_of
from services.publisher.domain.schedule.explanation import Explanation
from services.publisher.domain.schedule.slots import Slot

WRITTEN_BYTES: Final = 200
"""What a remembered message takes beside its bytes; its entry is remembered by the store as well."""

REMEMBERED_BYTES_MAX: Final = 12_000_000

_MINUTES = tuple(f"T{hour:02d}:{minute:02d}" for hour in range(24) for minute in range(60))

# A calendar may have thousands of entries: their states are looked up, not spelled, for each.
_STATUS = {one: publisher.Content.Status.Value(f"STATUS_{one.name}") for one in ContentStatus}
_SITE_STATUS = {one: publisher.Content.SiteStatus.Value(f"SITE_STATUS_{one.name}") for one in SiteStatus}


def entries_in_bytes(entries: Iterable[CalendarEntry], time_zone: str) -> bytes:
    """A calendar that has only these entries, with local times of that zone.

    Messages in bytes one after the other are one message with all that is in them: what was made of an entry before is
    put in as it is.
    """
    return b"".join(_WRITTEN.each(zip(repeat(time_zone), entries, strict=False)))


def counts_to_proto(counts: Mapping[date, int], limit: int | None) -> list[publisher.CalendarCount]:
    return [
        publisher.CalendarCount(date=day.isoformat(), count=count, full=limit is not None and count >= limit)
        for day, count in sorted(counts.items())
    ]


def slot_to_proto(slot: Slot) -> publisher.Slot:
    return publisher.Slot(
        at=instant_to_proto(slot.at), local_time=_local(slot.local), explanation=slot.explanation
    )


def explanation_to_proto(explanation: Explanation) -> publisher.ExplainSlotResponse:
    slot = explanation.next_slot
    return publisher.ExplainSlotResponse(
        at=instant_to_proto(explanation.at),
        local_time=_local(explanation.local),
        is_publishing_time=explanation.by_rule,
        obstacle=explanation.obstacle,
        explanation=explanation.text,
        next_free_slot=None if slot is None else slot_to_proto(slot),
    )


def moved_to_proto(content: Content) -> publisher.MovedContent:
    return publisher.MovedContent(
        content_id=content.id,
        title=content.title,
        scheduled_publish_at=maybe_instant_to_proto(content.scheduled_publish_at),
    )


def feed_to_proto(site_id: str, feed: CalendarFeed | None) -> publisher.CalendarFeed:
    """The feed without its secret; not active for None."""
    if feed is None:
        return publisher.CalendarFeed(site_id=site_id)
    return publisher.CalendarFeed(
        site_id=site_id,
        active=True,
        created_at=instant_to_proto(feed.created_at),
        created_by=feed.created_by,
    )


def _local(at: datetime) -> str:
    # A fifth of the time that isoformat takes, of which a calendar would need thousands.
    return at.date().isoformat() + _MINUTES[at.hour * 60 + at.minute]


def _written(shown: tuple[str, CalendarEntry]) -> bytes:
    """A calendar with one entry."""
    time_zone, entry = shown
    calendar = publisher.Calendar()
    calendar.entries.add(
        content_id=entry.content_id,
        title=entry.title,
        status=_STATUS[entry.status],
        site_status=_SITE_STATUS[entry.site_status],
        scheduled_publish_at=instant_fields(entry.scheduled_publish_at),
        local_time="" if entry.at is None else _local(clock_of(time_zone).local(entry.at)),
        published_at=instant_fields(entry.published_at),
        external_url=entry.external_url,
    )
    return calendar.SerializeToString()


_WRITTEN: Final = Remembered(
    _written, weigh=lambda _, written: len(written) + WRITTEN_BYTES, weight_max=REMEMBERED_BYTES_MAX
)

"""A site's calendar in the iCalendar format (RFC 5545), the same bytes for the same calendar."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.site import Site
from services.publisher.pages.addresses import Addresses

if TYPE_CHECKING:
    from icalendar import Event

LENGTH: Final = timedelta(minutes=15)
"""Publishing takes a moment; calendars show nothing that is shorter."""
REFRESH: Final = timedelta(hours=1)

_SAID: Final = {
    SiteStatus.SCHEDULED: "",
    SiteStatus.PUBLISHING: "Being published: ",
    SiteStatus.PUBLISHED: "Published: ",
    SiteStatus.FAILED: "Failed: ",
    SiteStatus.UNCONFIRMED: "Unconfirmed: ",
}


def calendar_file(site: Site, entries: list[CalendarEntry], addresses: Addresses) -> bytes:
    """The file that calendar programs read; titles of failed and published articles say so."""
    # Loaded by the first feed that is read: most publishers serve none, and it takes 10 MB.
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//igny8//publishing calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", site.name)
    calendar.add("x-wr-calname", site.name)
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, addresses))
    data: bytes = calendar.to_ical()
    return data


def _event(entry: CalendarEntry, addresses: Addresses) -> "Event":
    from icalendar import Event

    assert entry.at is not None, "what stands on a calendar has a time"
    event = Event()
    event.add("uid", f"{entry.content_id}@igny8")
    event.add("dtstamp", entry.updated_at)
    event.add("last-modified", entry.updated_at)
    event.add("dtstart", entry.at)
    event.add("dtend", entry.at + LENGTH)
    event.add("summary", f"{_SAID[entry.site_status]}{entry.title}")
    event.add("status", "TENTATIVE" if entry.site_status is SiteStatus.UNCONFIRMED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if entry.external_url:
        event.add("url", addresses.absolute(entry.external_url))
    return event

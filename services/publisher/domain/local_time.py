"""Between a site's clock and UTC: a missing hour moves forward, a doubled hour is its first."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Names that the zone folder holds beside zones: the machine's own zone and copies with leap seconds.
_NOT_ZONES = ("localtime", "posixrules", "posix/", "right/", "Factory")


def is_zone(name: str) -> bool:
    """True for an IANA time zone this machine knows, as Europe/Rome or UTC."""
    if not name or name.startswith(_NOT_ZONES):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of zones ("Europe") is an OSError
        return False
    return True


def to_utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant of a local time.

    PEP 495 with fold=0: a time in the hour that a clock change leaves out takes the offset before the change,
    which moves it forward by the length of the gap (02:30 becomes 03:30); a time that comes twice is its first.
    """
    return datetime.combine(day, clock.replace(fold=0, tzinfo=None), tzinfo=zone).astimezone(UTC)


def to_date(at: datetime, day: date, zone: ZoneInfo) -> datetime:
    """The instant on another local day at the same local clock time, as a move in the month view means it."""
    return to_utc(day, at.astimezone(zone).time(), zone)

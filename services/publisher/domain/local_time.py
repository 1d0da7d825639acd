"""Between a site's clock and UTC: a missing hour moves forward, a doubled hour is its first."""

from datetime import UTC, date, datetime, time, timedelta
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


class LocalClock:
    """A zone's clock for many instants: what it is ahead of UTC is looked up once for each week.

    Only in weeks in which the clock is changed every instant is looked up by itself. No zone has changed its clock
    twice within eight days, forth and back.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._ahead: dict[int, timedelta | None] = {}

    def local(self, at: datetime) -> datetime:
        """What the clock shows at an instant, without its zone; of a doubled hour, both times."""
        utc = at if at.tzinfo is UTC else at.astimezone(UTC)
        ahead = self._steadily_ahead(utc)
        if ahead is None:
            return utc.astimezone(self._zone).replace(tzinfo=None)
        return utc.replace(tzinfo=None) + ahead

    def instant(self, day: date, clock: time) -> datetime:
        """The instant (UTC) of a local time, as `to_utc` has it."""
        shown = datetime.combine(day, clock, tzinfo=UTC)
        ahead = self._steadily_ahead(shown)
        if ahead is not None:
            try:
                utc = shown - ahead
            except OverflowError:
                return to_utc(day, clock, self._zone)
            if self._steadily_ahead(utc) == ahead:
                return utc
        return to_utc(day, clock, self._zone)

    def _steadily_ahead(self, utc: datetime) -> timedelta | None:
        """What the clock is ahead in this week and on the day before it; None where that is not the same all the time."""
        week = utc.toordinal() // 7
        ahead = self._ahead.get(week, _UNKNOWN)
        if ahead is _UNKNOWN:
            ahead = self._ahead[week] = self._throughout(week)
        return ahead

    def _throughout(self, week: int) -> timedelta | None:
        try:
            ends = [datetime.fromordinal(day).replace(tzinfo=UTC) for day in (7 * week - 1, 7 * week + 7)]
            ahead = [end.astimezone(self._zone).utcoffset() for end in ends]
        except (OverflowError, ValueError):
            return None
        return ahead[0] if ahead[0] == ahead[1] else None


_UNKNOWN = timedelta.max

"""Between a site's clock and UTC: a missing hour moves forward, a doubled hour is its first."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
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
        """By the number of the week (of seven days from the first of January of the year 1); None where it changes."""

    def local(self, at: datetime) -> datetime:
        """What the clock shows at an instant, as if it were a clock of UTC; of a doubled hour, both times.

        To take the zone away would take twenty times as long as to add the hours.
        """
        ahead = self._ahead.get(at.toordinal() // 7) if at.tzinfo is UTC else None
        return self._looked_up(at) if ahead is None else at + ahead

    def dates(self, instants: Iterable[datetime]) -> list[date]:
        """The local day of each instant. One loop without calls: a search for a slot begins with thousands."""
        ahead_in, dates = self._ahead.get, []
        for at in instants:
            ahead = ahead_in(at.toordinal() // 7) if at.tzinfo is UTC else None
            dates.append((self._looked_up(at) if ahead is None else at + ahead).date())
        return dates

    def instant(self, day: date, clock: time) -> datetime:
        """The instant (UTC) of a local time, as `to_utc` has it."""
        shown = datetime.combine(day, clock, tzinfo=UTC)
        ahead = self._ahead.get(shown.toordinal() // 7)
        if ahead is not None:
            utc = shown - ahead
            if self._ahead.get(utc.toordinal() // 7) == ahead:
                return utc
        at = to_utc(day, clock, self._zone)
        self._looked_up(at)
        return at

    def _looked_up(self, at: datetime) -> datetime:
        """As `local`, by the zone itself; the week is looked up with it, for those that follow."""
        utc = at.astimezone(UTC)
        week = utc.toordinal() // 7
        if week not in self._ahead:
            self._ahead[week] = self._throughout(week)
        return utc.astimezone(self._zone).replace(tzinfo=UTC)

    def _throughout(self, week: int) -> timedelta | None:
        """What the clock is ahead in a week and on the day before it; None where that is not the same all the time."""
        try:
            ends = [datetime.fromordinal(day).replace(tzinfo=UTC) for day in (7 * week - 1, 7 * week + 7)]
            ahead = [end.astimezone(self._zone).utcoffset() for end in ends]
        except (OverflowError, ValueError):
            return None
        return ahead[0] if ahead[0] == ahead[1] else None


@lru_cache(64)
def clock_of(time_zone: str) -> LocalClock:
    """The clock of a zone by its name (IANA), which remembers the weeks that were asked for."""
    return LocalClock(ZoneInfo(time_zone))

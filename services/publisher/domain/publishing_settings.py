"""The rules of a site's calendar: when it publishes, how much, and what happens on its own."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import IntEnum, StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from chassis.refusal import FieldFault, RequestInvalid
from services.publisher.domain.local_time import is_zone

TIME_SLOTS_MAX = 48
LIMIT_MAX = 10_000
_HOURS_MAX = 24 * 366
_DAYS_MAX = 366


class Mode(StrEnum):
    """How the next slot is found."""

    SLOTS = "slots"
    INTERVAL = "interval"
    IMMEDIATE = "immediate"


class CatchUp(StrEnum):
    """What happens to content that fell due while nobody could publish it."""

    PUBLISH_NOW = "publish_now"
    NEXT_SLOT = "next_slot"
    HOLD = "hold"


class TimeZoneChange(StrEnum):
    """What stays when a site with scheduled content moves to another time zone."""

    KEEP_CLOCK = "keep_clock"
    KEEP_INSTANT = "keep_instant"


class Weekday(IntEnum):
    """Days as datetime.weekday() counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class IntervalUnit(StrEnum):
    """Hours are elapsed time; days keep the clock time over a clock change."""

    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInterval:
    """Every `every` hours or days from `starts_at` on (UTC; without one, from 09:00 of the site's 1 January 2026)."""

    every: int = 1
    unit: IntervalUnit = IntervalUnit.DAYS
    starts_at: datetime | None = None

    @property
    def length(self) -> timedelta:
        return timedelta(**{self.unit.value: self.every})


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityGates:
    """What content must have to be approved without a person; 0 and False switch a gate off."""

    words_min: int = 300
    headings_min: int = 2
    meta_required: bool = True
    alt_texts_required: bool = True
    unique_title_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingSettings:
    """Times are local in `time_zone` (IANA); a limit of None is no limit; weeks begin on Monday."""

    site_id: str
    account_id: str
    time_zone: str = "UTC"
    auto_approve_content: bool = False
    auto_schedule: bool = False
    mode: Mode = Mode.SLOTS
    schedule_interval: ScheduleInterval = field(default_factory=ScheduleInterval)
    publish_days: frozenset[Weekday] = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}
    publish_time_slots: tuple[time, ...] = (time(9), time(14), time(18))
    daily_limit: int | None = 3
    weekly_limit: int | None = 15
    monthly_limit: int | None = 50
    catch_up: CatchUp = CatchUp.PUBLISH_NOW
    quality_gates: QualityGates = field(default_factory=QualityGates)
    version: int = 1

    def __post_init__(self) -> None:
        if faults := list(self._faults()):
            raise RequestInvalid(*faults)

    @property
    def etag(self) -> str:
        """What somebody read who wants to change them."""
        return str(self.version)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def without_limits(self) -> Self:
        """The same rules, as if any number could go out."""
        return replace(self, daily_limit=None, weekly_limit=None, monthly_limit=None)

    def _faults(self) -> list[FieldFault]:
        faults = []
        if not is_zone(self.time_zone):
            faults.append(FieldFault("time_zone", "is not an IANA time zone. Use a name as Europe/Rome"))
        if self.mode is Mode.SLOTS and not self.publish_days:
            faults.append(FieldFault("publish_days", "must name at least one day in mode slots"))
        if self.mode is Mode.SLOTS and not self.publish_time_slots:
            faults.append(FieldFault("publish_time_slots", "must name at least one time in mode slots"))
        if len(self.publish_time_slots) > TIME_SLOTS_MAX:
            faults.append(FieldFault("publish_time_slots", f"has more than {TIME_SLOTS_MAX} times"))
        if len(set(self.publish_time_slots)) < len(self.publish_time_slots):
            faults.append(FieldFault("publish_time_slots", "names a time twice"))
        longest = _HOURS_MAX if self.schedule_interval.unit is IntervalUnit.HOURS else _DAYS_MAX
        if not 1 <= self.schedule_interval.every <= longest:
            unit = self.schedule_interval.unit
            faults.append(FieldFault("schedule_interval", f"must be between 1 and {longest:,} {unit}"))
        for name in ("daily_limit", "weekly_limit", "monthly_limit"):
            limit: int | None = getattr(self, name)
            if limit is not None and not 1 <= limit <= LIMIT_MAX:
                faults.append(
                    FieldFault(name, f"must be between 1 and {LIMIT_MAX:,}, or left out for no limit")
                )
        if self.quality_gates.words_min < 0 or self.quality_gates.headings_min < 0:
            faults.append(FieldFault("quality_gates", "must not ask for fewer than 0 words or headings"))
        return faults

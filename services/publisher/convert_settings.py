"""Between publishing settings and their message. What a message leaves open gets the usual value."""

from datetime import time

from igny8.publisher import v1 as publisher

from chassis.plain import instant_from_proto, maybe_instant_to_proto
from services.publisher.domain.publishing_settings import (
    CatchUp,
    IntervalUnit,
    Mode,
    PublishingSettings,
    QualityGates,
    ScheduleInterval,
    TimeZoneChange,
    Weekday,
)


def settings_to_proto(settings: PublishingSettings) -> publisher.PublishingSettings:
    interval, gates = settings.schedule_interval, settings.quality_gates
    return publisher.PublishingSettings(
        site_id=settings.site_id,
        time_zone=settings.time_zone,
        auto_approve_content=settings.auto_approve_content,
        auto_schedule=settings.auto_schedule,
        mode=publisher.PublishingSettings.Mode.Value(f"MODE_{settings.mode.name}"),
        schedule_interval=publisher.ScheduleInterval(
            every=interval.every,
            unit=publisher.ScheduleInterval.Unit.Value(f"UNIT_{interval.unit.name}"),
            starts_at=maybe_instant_to_proto(interval.starts_at),
        ),
        publish_days=[day.name.lower() for day in sorted(settings.publish_days)],
        publish_time_slots=[f"{slot:%H:%M}" for slot in settings.publish_time_slots],
        daily_limit=settings.daily_limit,
        weekly_limit=settings.weekly_limit,
        monthly_limit=settings.monthly_limit,
        catch_up=publisher.PublishingSettings.CatchUp.Value(f"CATCH_UP_{settings.catch_up.name}"),
        quality_gates=publisher.QualityGates(
            minimum_word_count=gates.words_min,
            minimum_headings=gates.headings_min,
            require_meta=gates.meta_required,
            require_alt_texts=gates.alt_texts_required,
            refuse_duplicates=gates.unique_title_required,
        ),
        etag=settings.etag,
    )


def settings_from_proto(
    message: publisher.PublishingSettings, *, site_id: str, account_id: str
) -> PublishingSettings:
    """The settings of a message, whose own `site_id` and `etag` do not count. Raises RequestInvalid for what cannot be."""
    return PublishingSettings(
        site_id=site_id,
        account_id=account_id,
        time_zone=message.time_zone or "UTC",
        auto_approve_content=message.auto_approve_content,
        auto_schedule=message.auto_schedule,
        mode=_mode(message.mode),
        schedule_interval=(
            _interval(message.schedule_interval)
            if message.HasField("schedule_interval")
            else ScheduleInterval()
        ),
        publish_days=frozenset(Weekday[day.upper()] for day in message.publish_days),
        publish_time_slots=tuple(time.fromisoformat(slot) for slot in message.publish_time_slots),
        daily_limit=message.daily_limit if message.HasField("daily_limit") else None,
        weekly_limit=message.weekly_limit if message.HasField("weekly_limit") else None,
        monthly_limit=message.monthly_limit if message.HasField("monthly_limit") else None,
        catch_up=_catch_up(message.catch_up),
        quality_gates=_gates(message.quality_gates) if message.HasField("quality_gates") else QualityGates(),
    )


def time_zone_change_from_proto(change: publisher.TimeZoneChange.ValueType) -> TimeZoneChange | None:
    """None for the unset value."""
    if not change:
        return None
    return TimeZoneChange[publisher.TimeZoneChange.Name(change).removeprefix("TIME_ZONE_CHANGE_")]


def _mode(mode: publisher.PublishingSettings.Mode.ValueType) -> Mode:
    return Mode[publisher.PublishingSettings.Mode.Name(mode).removeprefix("MODE_")] if mode else Mode.SLOTS


def _catch_up(catch_up: publisher.PublishingSettings.CatchUp.ValueType) -> CatchUp:
    if not catch_up:
        return CatchUp.PUBLISH_NOW
    return CatchUp[publisher.PublishingSettings.CatchUp.Name(catch_up).removeprefix("CATCH_UP_")]


def _interval(message: publisher.ScheduleInterval) -> ScheduleInterval:
    unit = publisher.ScheduleInterval.Unit.Name(message.unit).removeprefix("UNIT_")
    return ScheduleInterval(
        every=message.every,
        unit=IntervalUnit[unit] if message.unit else IntervalUnit.DAYS,
        starts_at=instant_from_proto(message.starts_at) if message.HasField("starts_at") else None,
    )


def _gates(message: publisher.QualityGates) -> QualityGates:
    return QualityGates(
        words_min=message.minimum_word_count,
        headings_min=message.minimum_headings,
        meta_required=message.require_meta,
        alt_texts_required=message.require_alt_texts,
        unique_title_required=message.refuse_duplicates,
    )

"""Whether times that people choose can be taken, all of them together."""

from collections.abc import Iterable
from datetime import datetime

from chassis.refusal import FieldFault, RequestInvalid, StateConflict
from services.publisher.domain.publishing_settings import PublishingSettings
from services.publisher.domain.schedule.limits import Calendar, MovedOn, taken
from services.publisher.domain.schedule.occupied import Occupied


def conflict(calendar: Calendar, at: datetime) -> MovedOn | None:
    """Why a time cannot be taken: its day, week or month is full, or it is taken; None when it is free."""
    local = at.astimezone(calendar.zone)
    full = calendar.full(local.date())
    if full is not None:
        return full.moved_on()
    return taken(local) if calendar.is_taken(at) else None


def check_times(
    settings: PublishingSettings,
    times: Iterable[datetime],
    *,
    occupied: Occupied,
    now: datetime,
    field: str = "scheduled_publish_at",
) -> None:
    """Refuse exact times when one is past, taken, or in a full day, week or month; each counts against the next.

    `occupied` leaves out what is to be scheduled or moved. RequestInvalid names `field` for a past time;
    StateConflict's sentence names the limit and its counts.
    """
    calendar = Calendar.of(settings, occupied)
    for at in sorted(times):
        if at < now:
            local = at.astimezone(calendar.zone)
            message = f"is in the past ({local:%Y-%m-%d %H:%M}, {settings.time_zone}). Choose a time to come"
            raise RequestInvalid(FieldFault(field, message))
        if refused := conflict(calendar, at):
            raise StateConflict(
                f"{refused.sentence[:1].upper()}{refused.sentence[1:]}. Choose another time, or take the next free slot.",
                metadata={"kind": "calendar", "state": refused.reason, "day": refused.day.isoformat()},
            )
        calendar.add(at)

"""CalendarService: when content is published."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.plain import instant_from_proto, instant_to_proto, maybe_instant_to_proto
from chassis.transaction import Transactions
from services.publisher.convert import content_to_proto
from services.publisher.domain.calendar_entry import CalendarEntry
from services.publisher.domain.schedule.slots import Slot
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import calendar

PREVIEW_COUNT_DEFAULT = 10


class CalendarServicer(publisher.CalendarServiceServicer):
    """A site's calendar, of the caller's account."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        wake_scheduler: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._wake_scheduler = wake_scheduler

    async def GetCalendar(
        self, request: publisher.GetCalendarRequest, context: Context
    ) -> publisher.GetCalendarResponse:
        # "from" is a word of Python.
        start = getattr(request, "from")
        found = await self._transactions.run(
            calendar.get_calendar,
            site_id=request.site_id,
            account_id=current_caller().account(),
            start=instant_from_proto(start) if request.HasField("from") else None,
            end=instant_from_proto(request.to) if request.HasField("to") else None,
            now=self._clock.now(),
        )
        zone = found.settings.zone
        return publisher.GetCalendarResponse(
            calendar=publisher.Calendar(
                entries=[_entry_to_proto(entry, zone) for entry in found.entries],
                unscheduled=[_entry_to_proto(entry, zone) for entry in found.unscheduled],
                time_zone=found.settings.time_zone,
            )
        )

    async def PreviewSchedule(
        self, request: publisher.PreviewScheduleRequest, context: Context
    ) -> publisher.PreviewScheduleResponse:
        slots = await self._transactions.run(
            calendar.preview_schedule,
            site_id=request.site_id,
            account_id=current_caller().account(),
            count=request.count or PREVIEW_COUNT_DEFAULT,
            now=self._clock.now(),
        )
        return publisher.PreviewScheduleResponse(slots=map(_slot_to_proto, slots))

    async def Schedule(
        self, request: publisher.ScheduleRequest, context: Context
    ) -> publisher.ScheduleResponse:
        exact = request.HasField("scheduled_publish_at")
        content = await self._transactions.run(
            calendar.schedule,
            content_id=request.content_id,
            account_id=current_caller().account(),
            at=instant_from_proto(request.scheduled_publish_at) if exact else None,
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return publisher.ScheduleResponse(content=content_to_proto(content))

    async def Unschedule(
        self, request: publisher.UnscheduleRequest, context: Context
    ) -> publisher.UnscheduleResponse:
        content = await self._transactions.run(
            calendar.unschedule,
            content_id=request.content_id,
            account_id=current_caller().account(),
            now=self._clock.now(),
        )
        return publisher.UnscheduleResponse(content=content_to_proto(content))


def _entry_to_proto(entry: CalendarEntry, zone: ZoneInfo) -> publisher.CalendarEntry:
    return publisher.CalendarEntry(
        content_id=entry.content_id,
        title=entry.title,
        status=publisher.Content.Status.Value(f"STATUS_{entry.status.name}"),
        site_status=publisher.Content.SiteStatus.Value(f"SITE_STATUS_{entry.site_status.name}"),
        scheduled_publish_at=maybe_instant_to_proto(entry.scheduled_publish_at),
        local_time="" if entry.at is None else _local(entry.at.astimezone(zone)),
        published_at=maybe_instant_to_proto(entry.published_at),
        external_url=entry.external_url,
    )


def _slot_to_proto(slot: Slot) -> publisher.Slot:
    return publisher.Slot(
        at=instant_to_proto(slot.at), local_time=_local(slot.local), explanation=slot.explanation
    )


def _local(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"

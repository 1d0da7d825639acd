"""CalendarService: when content is published."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import date, time

from google.api.httpbody_pb2 import HttpBody
from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.identity import current_caller
from chassis.plain import instant_from_proto
from chassis.transaction import Transactions
from services.publisher.convert import content_to_proto
from services.publisher.convert_calendar import (
    counts_to_proto,
    entries_in_bytes,
    explanation_to_proto,
    feed_to_proto,
    moved_to_proto,
    slot_to_proto,
)
from services.publisher.domain.calendar_feed import new_secret
from services.publisher.domain.content import Content
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.ical import calendar_file
from services.publisher.servicers import Context
from services.publisher.store.transaction import PublisherTransaction
from services.publisher.usecases import calendar, calendar_feed, calendar_moves

PREVIEW_COUNT_DEFAULT = 10
FEED_CACHE_CONTROL = "private, max-age=60"


class CalendarServicer(publisher.CalendarServiceServicer):
    """A site's calendar, of the caller's account."""

    def __init__(
        self,
        transactions: Transactions[PublisherTransaction],
        clock: Clock,
        *,
        addresses: Addresses,
        wake_scheduler: Callable[[], None],
    ) -> None:
        self._transactions = transactions
        self._clock = clock
        self._addresses = addresses
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
        response = publisher.GetCalendarResponse()
        shown, beside = response.calendar, publisher.Calendar.FromString
        shown.MergeFromString(entries_in_bytes(found.entries, found.time_zone))
        shown.unscheduled.extend(beside(entries_in_bytes(found.unscheduled, found.time_zone)).entries)
        shown.overdue.extend(beside(entries_in_bytes(found.overdue, found.time_zone)).entries)
        shown.days.extend(counts_to_proto(found.counts.days, found.daily_limit))
        shown.weeks.extend(counts_to_proto(found.counts.weeks, found.weekly_limit))
        shown.months.extend(counts_to_proto(found.counts.months, found.monthly_limit))
        shown.MergeFrom(
            publisher.Calendar(
                daily_limit=found.daily_limit,
                weekly_limit=found.weekly_limit,
                monthly_limit=found.monthly_limit,
                time_zone=found.time_zone,
            )
        )
        return response

    async def ExplainSlot(
        self, request: publisher.ExplainSlotRequest, context: Context
    ) -> publisher.ExplainSlotResponse:
        found = await self._transactions.run(
            calendar.explain_slot,
            site_id=request.site_id,
            account_id=current_caller().account(),
            content_id=request.content_id,
            at=instant_from_proto(request.at) if request.HasField("at") else None,
            now=self._clock.now(),
        )
        return explanation_to_proto(found)

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
        return publisher.PreviewScheduleResponse(slots=map(slot_to_proto, slots))

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

    async def Move(self, request: publisher.MoveRequest, context: Context) -> publisher.MoveResponse:
        content = await self._transactions.run(
            calendar_moves.move,
            content_id=request.content_id,
            account_id=current_caller().account(),
            day=date.fromisoformat(request.date),
            clock=time.fromisoformat(request.time) if request.time else None,
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return publisher.MoveResponse(content=content_to_proto(content))

    async def ShiftSchedule(
        self, request: publisher.ShiftScheduleRequest, context: Context
    ) -> publisher.ShiftScheduleResponse:
        start = getattr(request, "from")
        answer = await self._transactions.run_once(
            calendar_moves.shift,
            request_id=request.request_id,
            scope="ShiftSchedule",
            request=request,
            response=publisher.ShiftScheduleResponse,
            pack=_shifted,
            site_id=request.site_id,
            account_id=current_caller().account(),
            days=request.days,
            content_ids=request.content_ids,
            start=instant_from_proto(start) if request.HasField("from") else None,
            end=instant_from_proto(request.to) if request.HasField("to") else None,
            now=self._clock.now(),
        )
        self._wake_scheduler()
        return answer

    async def CreateCalendarFeed(
        self, request: publisher.CreateCalendarFeedRequest, context: Context
    ) -> publisher.CreateCalendarFeedResponse:
        caller = current_caller()
        secret = new_secret()
        feed = await self._transactions.run(
            calendar_feed.create_feed,
            site_id=request.site_id,
            account_id=caller.account(),
            actor=caller.actor,
            secret=secret,
            now=self._clock.now(),
        )
        return publisher.CreateCalendarFeedResponse(
            feed=feed_to_proto(request.site_id, feed), url=self._addresses.calendar_feed(secret)
        )

    async def GetCalendarFeed(
        self, request: publisher.GetCalendarFeedRequest, context: Context
    ) -> publisher.GetCalendarFeedResponse:
        feed = await self._transactions.run(
            calendar_feed.get_feed, site_id=request.site_id, account_id=current_caller().account()
        )
        return publisher.GetCalendarFeedResponse(feed=feed_to_proto(request.site_id, feed))

    async def RevokeCalendarFeed(
        self, request: publisher.RevokeCalendarFeedRequest, context: Context
    ) -> publisher.RevokeCalendarFeedResponse:
        await self._transactions.run(
            calendar_feed.revoke_feed, site_id=request.site_id, account_id=current_caller().account()
        )
        return publisher.RevokeCalendarFeedResponse()

    async def ReadCalendarFeed(
        self, request: publisher.ReadCalendarFeedRequest, context: Context
    ) -> publisher.ReadCalendarFeedResponse:
        found = await self._transactions.run(
            calendar_feed.read_feed, token=request.token, now=self._clock.now()
        )
        data = await asyncio.to_thread(calendar_file, found.site, found.entries, self._addresses)
        await context.send_initial_metadata(
            (
                ("x-http-etag", f'"{hashlib.sha256(data).hexdigest()}"'),
                ("x-http-cache-control", FEED_CACHE_CONTROL),
            )
        )
        return publisher.ReadCalendarFeedResponse(
            body=HttpBody(content_type="text/calendar; charset=utf-8", data=data)
        )


def _shifted(contents: list[Content]) -> publisher.ShiftScheduleResponse:
    return publisher.ShiftScheduleResponse(moved=[moved_to_proto(content) for content in contents])

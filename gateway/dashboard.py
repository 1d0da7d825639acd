"""The dashboard of a site, asked for from every service at once; a part that cannot be had says why."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from google.protobuf.message import Message
from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from igny8.gateway import v1 as gateway
from igny8.notifications import v1 as notifications
from igny8.publisher import v1 as publisher

from chassis.clock import Clock
from chassis.errors import meaning_of
from chassis.plain import instant_to_proto
from chassis.refusal import Refusal

PART_SECONDS_MAX: Final = 2.0
ATTENTION_MAX: Final = 20
ATTENTION_PAGES_MAX: Final = 3
"""So many pages of unread notifications are looked through for warnings and errors."""

DAY_REACH: Final = timedelta(hours=26)
"""A day by any clock, of 25 hours too, lies within so much before and after now."""

_ACTIVE: Final = (
    ai.AutomationRun.STATUS_RUNNING,
    ai.AutomationRun.STATUS_PAUSING,
    ai.AutomationRun.STATUS_PAUSED,
    ai.AutomationRun.STATUS_CANCELLING,
)
_GRAVE: Final = (notifications.Notification.SEVERITY_WARNING, notifications.Notification.SEVERITY_ERROR)

Ask = Callable[[str, Message, str, float], Awaitable[Any]]
"""A method's full name, its request, the caller's token, and the seconds it has -> the answer. Raises a Refusal."""

P = TypeVar("P", bound=Message)


class Dashboards:
    """Puts dashboards together."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock

    async def get(self, request: gateway.GetDashboardRequest, token: str) -> gateway.GetDashboardResponse:
        """Every part, or why it is missing.

        Raises what a service says of the request or the caller, such as NOT_FOUND, and the fault of the first part
        when all have one.
        """
        site_id = request.site_id
        balance, statistics, run, attention, today = await asyncio.gather(
            _part(gateway.DashboardBalance, "billing", self._balance(token)),
            _part(gateway.DashboardStatistics, "publisher", self._statistics(request, token)),
            _part(gateway.DashboardRun, "ai", self._run(site_id, token)),
            _part(gateway.DashboardAttention, "notifications", self._attention(site_id, token)),
            _part(gateway.DashboardToday, "publisher", self._today(site_id, token)),
        )
        parts = (balance, statistics, run, attention, today)
        refusals = [refusal for _, refusal in parts if refusal is not None]
        for refusal in refusals:
            if not is_outage(refusal) or len(refusals) == len(parts):
                raise refusal
        dashboard = gateway.Dashboard(
            balance=balance[0],
            statistics=statistics[0],
            active_run=run[0],
            attention=attention[0],
            today=today[0],
        )
        return gateway.GetDashboardResponse(dashboard=dashboard)

    async def _balance(self, token: str) -> gateway.DashboardBalance:
        name = "igny8.billing.v1.CreditService.GetBalance"
        answer = await self._asked(name, billing.GetBalanceRequest(), token)
        return gateway.DashboardBalance(balance=answer.balance)

    async def _statistics(
        self, request: gateway.GetDashboardRequest, token: str
    ) -> gateway.DashboardStatistics:
        asked = publisher.GetWorkflowStatsRequest(site_id=request.site_id, period=request.period)
        answer = await self._asked("igny8.publisher.v1.WriterService.GetWorkflowStats", asked, token)
        return gateway.DashboardStatistics(stats=answer.stats)

    async def _run(self, site_id: str, token: str) -> gateway.DashboardRun:
        # While a run is active no other can start, so it is the newest.
        asked = ai.ListRunsRequest(site_id=site_id, page_size=1)
        answer = await self._asked("igny8.ai.v1.AutomationService.ListRuns", asked, token)
        return gateway.DashboardRun(run=next((run for run in answer.runs if run.status in _ACTIVE), None))

    async def _attention(self, site_id: str, token: str) -> gateway.DashboardAttention:
        found: list[notifications.Notification] = []
        page_token = ""
        for _ in range(ATTENTION_PAGES_MAX):
            asked = notifications.ListRequest(unread_only=True, page_size=200, page_token=page_token)
            answer = await self._asked("igny8.notifications.v1.NotificationService.List", asked, token)
            found += [
                one for one in answer.notifications if one.severity in _GRAVE and one.site_id in ("", site_id)
            ]
            page_token = answer.next_page_token
            if not page_token or len(found) > ATTENTION_MAX:
                break
        more = bool(page_token) or len(found) > ATTENTION_MAX
        return gateway.DashboardAttention(notifications=found[:ATTENTION_MAX], more=more)

    async def _today(self, site_id: str, token: str) -> gateway.DashboardToday:
        now = self._clock.now()
        asked = publisher.GetCalendarRequest(site_id=site_id, to=instant_to_proto(now + DAY_REACH))
        # `from` is a word of Python's own, so the field is set by its name.
        getattr(asked, "from").CopyFrom(instant_to_proto(now - DAY_REACH))
        answer = await self._asked("igny8.publisher.v1.CalendarService.GetCalendar", asked, token)
        calendar = answer.calendar
        date = now.astimezone(ZoneInfo(calendar.time_zone)).date().isoformat()
        entries = [entry for entry in calendar.entries if entry.local_time.startswith(date)]
        return gateway.DashboardToday(date=date, time_zone=calendar.time_zone, entries=entries)

    async def _asked(self, method: str, request: Message, token: str) -> Any:
        return await self._ask(method, request, token, PART_SECONDS_MAX)


async def _part(kind: type[P], service: str, asked: Awaitable[P]) -> tuple[P, Refusal | None]:
    """The part, or one that says why it is missing, with the refusal."""
    try:
        return await asked, None
    except Refusal as refusal:
        meaning = meaning_of(refusal.reason)
        fault = gateway.PartFault(
            service=service, reason=meaning.reason, message=refusal.message, retryable=meaning.retryable
        )
        part: Any = kind()
        part.fault.CopyFrom(fault)
        return part, refusal


def is_outage(refusal: Refusal) -> bool:
    """Whether a refusal says nothing of the request or the caller: a service is away, busy or at fault."""
    meaning = meaning_of(refusal.reason)
    return meaning.retryable or meaning.http_status >= 500

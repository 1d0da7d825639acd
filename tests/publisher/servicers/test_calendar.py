"""CalendarService over gRPC: moves, shifts, explanations, counts and the secret address, as callers see them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.plain import instant_from_proto, instant_to_proto
from chassis.testing.callers import person
from chassis.testing.serving import Served, serving
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.calendar import CalendarServicer
from services.publisher.servicers.sites import SiteServicer
from tests.publisher.newsroom import SEALER, Newsroom

if TYPE_CHECKING:
    from igny8.publisher.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub
    from igny8.publisher.v1.site_service_pb2_grpc import SiteServiceAsyncStub

TOMORROW_9 = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
async def served(newsroom: Newsroom) -> AsyncIterator[Served]:
    transactions, clock = newsroom.transactions, newsroom.clock
    addresses = Addresses("https://igny8.example")
    async with serving(
        (
            publisher.add_CalendarServiceServicer_to_server,
            CalendarServicer(transactions, clock, addresses=addresses, wake_scheduler=lambda: None),
        ),
        (
            publisher.add_SiteServiceServicer_to_server,
            SiteServicer(transactions, clock, sealer=SEALER, targets={}),
        ),
        service="publisher",
        clock=clock,
    ) as server:
        yield server


@pytest.fixture
def calendar(served: Served) -> "CalendarServiceAsyncStub":
    return served.stub(publisher.CalendarServiceStub)


@pytest.fixture
def sites(served: Served) -> "SiteServiceAsyncStub":
    return served.stub(publisher.SiteServiceStub)


@pytest.fixture
def public(served: Served) -> "CalendarServiceAsyncStub":
    """Whoever has an address."""
    return served.stub(publisher.CalendarServiceStub, anonymous=True)


async def test_content_moves_to_a_day(newsroom: Newsroom, calendar: "CalendarServiceAsyncStub") -> None:
    content = newsroom.scheduled(newsroom.site(), at=TOMORROW_9)

    moved = await calendar.Move(publisher.MoveRequest(content_id=content.id, date="2026-11-06"))
    again = await calendar.Move(publisher.MoveRequest(content_id=content.id, date="2026-11-06", time="14:00"))

    assert instant_from_proto(moved.content.scheduled_publish_at) == TOMORROW_9.replace(day=6)
    assert instant_from_proto(again.content.scheduled_publish_at) == TOMORROW_9.replace(day=6, hour=14)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"date": ""}, "date"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "06.11.2026"}, "date"),
        ({"date": "2026-11-06", "time": "9 o'clock"}, "time"),
        ({"date": "2026-11-06", "time": "24:00"}, "time"),
    ],
    ids=["no date", "no such day", "another format", "words", "no such time"],
)
async def test_a_day_or_time_that_is_none_is_named(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub", fields: dict[str, str], field: str
) -> None:
    content = newsroom.scheduled(newsroom.site(), at=TOMORROW_9)

    with pytest.raises(RemoteRefusal) as refused:
        await calendar.Move(publisher.MoveRequest(content_id=content.id, **fields))

    assert refused.value.reason == "REQUEST_INVALID"
    assert [fault.field for fault in refused.value.fields] == [field]
    assert newsroom.read(content) == content


async def test_a_shift_asked_for_twice_is_done_once(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=TOMORROW_9)
    request = publisher.ShiftScheduleRequest(
        request_id="push-by-two", site_id=site.id, days=2, content_ids=[content.id]
    )

    first = await calendar.ShiftSchedule(request)
    second = await calendar.ShiftSchedule(request)

    assert first == second
    assert [one.content_id for one in first.moved] == [content.id]
    assert newsroom.read(content).scheduled_publish_at == TOMORROW_9.replace(day=5)


async def test_a_shift_by_no_days_is_refused(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    content = newsroom.scheduled(site := newsroom.site(), at=TOMORROW_9)
    request = publisher.ShiftScheduleRequest(site_id=site.id, content_ids=[content.id])

    with pytest.raises(RemoteRefusal) as refused:
        await calendar.ShiftSchedule(request)

    assert [fault.field for fault in refused.value.fields] == ["days"]


async def test_a_range_is_shifted(newsroom: Newsroom, calendar: "CalendarServiceAsyncStub") -> None:
    site = newsroom.site()
    first, second = (newsroom.scheduled(site, at=TOMORROW_9.replace(day=day)) for day in (3, 10))

    request = publisher.ShiftScheduleRequest(site_id=site.id, days=7)
    getattr(request, "from").CopyFrom(instant_to_proto(TOMORROW_9.replace(day=4)))

    answer = await calendar.ShiftSchedule(request)

    assert [one.content_id for one in answer.moved] == [second.id]
    assert newsroom.read(first).scheduled_publish_at == TOMORROW_9


async def test_the_calendar_says_how_full_it_is(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site(daily_limit=1, weekly_limit=3)
    newsroom.scheduled(site, at=TOMORROW_9)

    shown = (await calendar.GetCalendar(publisher.GetCalendarRequest(site_id=site.id))).calendar

    assert [(day.date, day.count, day.full) for day in shown.days] == [("2026-11-03", 1, True)]
    assert [(week.date, week.count, week.full) for week in shown.weeks] == [("2026-11-02", 1, False)]
    assert [(month.date, month.count, month.full) for month in shown.months] == [("2026-11-01", 1, False)]
    assert (shown.daily_limit, shown.weekly_limit) == (1, 3)
    assert not shown.HasField("monthly_limit")


async def test_a_time_is_explained(newsroom: Newsroom, calendar: "CalendarServiceAsyncStub") -> None:
    site = newsroom.site(time_zone="Europe/Rome")
    content = newsroom.scheduled(site)

    found = await calendar.ExplainSlot(publisher.ExplainSlotRequest(site_id=site.id, content_id=content.id))

    assert found.is_publishing_time
    assert found.local_time == found.next_free_slot.local_time == "2026-11-02T14:00"
    assert found.explanation == (
        "Monday, 2 November 2026 at 14:00 (Europe/Rome) is a publishing time of the site."
    )


async def test_a_secret_address_is_shown_once_and_read_by_anybody_who_has_it(
    newsroom: Newsroom,
    calendar: "CalendarServiceAsyncStub",
    public: "CalendarServiceAsyncStub",
    served: Served,
) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=TOMORROW_9)

    made = await calendar.CreateCalendarFeed(publisher.CreateCalendarFeedRequest(site_id=site.id))
    shown = await calendar.GetCalendarFeed(publisher.GetCalendarFeedRequest(site_id=site.id))
    token = made.url.removeprefix("https://igny8.example/calendar/").removesuffix(".ics")
    body = (await public.ReadCalendarFeed(publisher.ReadCalendarFeedRequest(token=token))).body

    assert shown.feed == made.feed
    assert made.feed.active
    assert made.feed.created_by.startswith("user:")
    assert body.content_type == "text/calendar; charset=utf-8"
    assert f"UID:{content.id}@igny8".encode() in body.data
    async with grpc.aio.insecure_channel(served.target) as channel:
        stub: Any = publisher.CalendarServiceStub(channel)
        call = stub.ReadCalendarFeed(publisher.ReadCalendarFeedRequest(token=token), timeout=5)
        headers = dict(await call.initial_metadata())
        await call
    assert headers["x-http-etag"].startswith('"')
    assert headers["x-http-cache-control"] == "private, max-age=60"


async def test_an_ended_address_is_not_found(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub", public: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site()
    made = await calendar.CreateCalendarFeed(publisher.CreateCalendarFeedRequest(site_id=site.id))
    token = made.url.rpartition("/")[2].removesuffix(".ics")

    await calendar.RevokeCalendarFeed(publisher.RevokeCalendarFeedRequest(site_id=site.id))

    shown = await calendar.GetCalendarFeed(publisher.GetCalendarFeedRequest(site_id=site.id))
    assert shown.feed == publisher.CalendarFeed(site_id=site.id)
    with pytest.raises(RemoteRefusal) as refused:
        await public.ReadCalendarFeed(publisher.ReadCalendarFeedRequest(token=token))
    assert refused.value.reason == "NOT_FOUND"
    assert token not in str(refused.value)


async def test_viewers_neither_move_nor_make_addresses(newsroom: Newsroom, served: Served) -> None:
    content = newsroom.scheduled(site := newsroom.site(), at=TOMORROW_9)
    viewer: Any = served.stub(publisher.CalendarServiceStub, caller=person(role=Role.VIEWER))

    for call in (
        viewer.Move(publisher.MoveRequest(content_id=content.id, date="2026-11-06")),
        viewer.ShiftSchedule(publisher.ShiftScheduleRequest(site_id=site.id, days=1)),
        viewer.CreateCalendarFeed(publisher.CreateCalendarFeedRequest(site_id=site.id)),
        viewer.RevokeCalendarFeed(publisher.RevokeCalendarFeedRequest(site_id=site.id)),
    ):
        with pytest.raises(RemoteRefusal) as refused:
            await call
        assert refused.value.reason == "PERMISSION_DENIED"


async def test_another_time_zone_needs_a_word_about_what_is_scheduled(
    newsroom: Newsroom, sites: "SiteServiceAsyncStub"
) -> None:
    content = newsroom.scheduled(site := newsroom.site(), at=TOMORROW_9)
    asked = publisher.GetPublishingSettingsRequest(site_id=site.id)
    settings = (await sites.GetPublishingSettings(asked)).settings
    settings.time_zone = "America/New_York"
    put = publisher.PutPublishingSettingsRequest(site_id=site.id, settings=settings)

    with pytest.raises(RemoteRefusal) as refused:
        await sites.PutPublishingSettings(put)
    put.time_zone_change = publisher.TIME_ZONE_CHANGE_KEEP_CLOCK
    after = await sites.PutPublishingSettings(put)

    assert [fault.field for fault in refused.value.fields] == ["time_zone_change"]
    assert after.settings.time_zone == "America/New_York"
    assert newsroom.read(content).scheduled_publish_at == TOMORROW_9.replace(hour=14)

"""Review, calendar, publishing and pages over gRPC, as the gateway calls them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from igny8.publisher import v1 as publisher

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.plain import instant_from_proto, instant_to_proto
from chassis.testing.callers import OTHER_ACCOUNT_ID, person
from chassis.testing.serving import Served, serving
from services.publisher.domain.content import Content
from services.publisher.pages.addresses import Addresses
from services.publisher.servicers.calendar import CalendarServicer
from services.publisher.servicers.publishing import PublishingServicer
from services.publisher.servicers.writer import WriterServicer
from tests.publisher.newsroom import Newsroom, published

if TYPE_CHECKING:
    # The asynchronous stubs exist for type checkers only.
    from igny8.publisher.v1.calendar_service_pb2_grpc import CalendarServiceAsyncStub
    from igny8.publisher.v1.publishing_service_pb2_grpc import PublishingServiceAsyncStub
    from igny8.publisher.v1.writer_service_pb2_grpc import WriterServiceAsyncStub

UNKNOWN = "0199ffff-0000-7000-8000-00000000000f"
SPRING_FORWARD = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
"""01:30 in Rome, half an hour before its clocks jump from 02:00 to 03:00."""


@pytest.fixture
def woken() -> list[str]:
    """A word for each time a scheduler would have been woken."""
    return []


@pytest.fixture
async def served(newsroom: Newsroom, woken: list[str]) -> AsyncIterator[Served]:
    """The real server with these services."""

    def wake() -> None:
        woken.append("woken")

    transactions, clock = newsroom.transactions, newsroom.clock
    async with serving(
        (
            publisher.add_WriterServiceServicer_to_server,
            WriterServicer(transactions, clock, wake_scheduler=wake),
        ),
        (
            publisher.add_CalendarServiceServicer_to_server,
            CalendarServicer(transactions, clock, addresses=Addresses(), wake_scheduler=wake),
        ),
        (
            publisher.add_PublishingServiceServicer_to_server,
            PublishingServicer(transactions, clock, addresses=Addresses(), wake_scheduler=wake),
        ),
        service="publisher",
        clock=clock,
    ) as server:
        yield server


@pytest.fixture
def writer(served: Served) -> "WriterServiceAsyncStub":
    return served.stub(publisher.WriterServiceStub)


@pytest.fixture
def calendar(served: Served) -> "CalendarServiceAsyncStub":
    return served.stub(publisher.CalendarServiceStub)


@pytest.fixture
def publishing(served: Served) -> "PublishingServiceAsyncStub":
    return served.stub(publisher.PublishingServiceStub)


@pytest.fixture
def readers(served: Served) -> "PublishingServiceAsyncStub":
    """The public: nobody has signed in."""
    return served.stub(publisher.PublishingServiceStub, anonymous=True)


async def test_an_article_goes_from_draft_to_its_page(
    newsroom: Newsroom,
    writer: "WriterServiceAsyncStub",
    readers: "PublishingServiceAsyncStub",
    woken: list[str],
) -> None:
    site = newsroom.site(auto_approve_content=True, auto_schedule=True)
    draft = newsroom.draft(site, title="How to compost")
    newsroom.image(draft)

    submitted = await writer.SubmitForReview(publisher.SubmitForReviewRequest(content_id=draft.id))
    newsroom.clock.set(instant_from_proto(submitted.content.scheduled_publish_at))
    await published(newsroom.scheduler())

    page = await readers.GetPublishedPage(
        publisher.GetPublishedPageRequest(site_slug=site.slug, content_slug=draft.slug)
    )
    index = await readers.GetPublishedIndex(publisher.GetPublishedIndexRequest(site_slug=site.slug))
    assert submitted.content.site_status == publisher.Content.SITE_STATUS_SCHEDULED
    assert woken == ["woken"]
    assert page.body.content_type == "text/html; charset=utf-8"
    assert b"<h1>How to compost</h1>" in page.body.data
    assert b'<figure class="featured"><img src="/media/' in page.body.data
    assert f'href="/published/{site.slug}/{draft.slug}"'.encode() in index.body.data


async def test_a_page_comes_with_the_headers_the_gateway_sets(newsroom: Newsroom, served: Served) -> None:
    content = await _published(newsroom)
    site_slug = content.external_url.split("/")[2]
    request = publisher.GetPublishedPageRequest(site_slug=site_slug, content_slug=content.slug)

    async with grpc.aio.insecure_channel(served.target) as channel:
        call: Any = publisher.PublishingServiceStub(channel).GetPublishedPage(request, timeout=5)
        headers = dict(await call.initial_metadata())
        await call

    assert headers["x-http-cache-control"] == "public, max-age=60"
    assert headers["x-http-etag"].startswith('"')
    assert "default-src 'none'" in headers["x-http-content-security-policy"]


async def test_a_site_has_a_sitemap_and_a_feed_of_what_is_published(
    newsroom: Newsroom, readers: "PublishingServiceAsyncStub"
) -> None:
    content = await _published(newsroom)
    newsroom.approved(newsroom.site())
    site_slug = content.external_url.split("/")[2]

    sitemap = await readers.GetSitemap(publisher.GetSitemapRequest(site_slug=site_slug))
    feed = await readers.GetArticleFeed(publisher.GetArticleFeedRequest(site_slug=site_slug))

    assert sitemap.body.content_type == "application/xml; charset=utf-8"
    assert feed.body.content_type == "application/rss+xml; charset=utf-8"
    assert f"/{content.slug}</loc>".encode() in sitemap.body.data
    assert feed.body.data.count(b"<item>") == 1
    with pytest.raises(RemoteRefusal, match="No page"):
        await readers.GetSitemap(publisher.GetSitemapRequest(site_slug="nowhere"))


async def test_only_what_is_published_has_a_page(
    newsroom: Newsroom, readers: "PublishingServiceAsyncStub"
) -> None:
    site = newsroom.site()
    content = newsroom.publish(newsroom.approved(site))
    asked = publisher.GetPublishedPageRequest(site_slug=site.slug, content_slug=content.slug)

    with pytest.raises(RemoteRefusal) as refused:
        await readers.GetPublishedPage(asked)

    assert refused.value.reason == "NOT_FOUND"


@pytest.mark.parametrize(("site_slug", "content_slug"), [("nowhere", "x"), (None, "nothing")])
async def test_an_unknown_page_is_not_found(
    newsroom: Newsroom, readers: "PublishingServiceAsyncStub", site_slug: str | None, content_slug: str
) -> None:
    slug = site_slug or newsroom.site().slug

    with pytest.raises(RemoteRefusal) as refused:
        await readers.GetPublishedPage(
            publisher.GetPublishedPageRequest(site_slug=slug, content_slug=content_slug)
        )

    assert refused.value.reason == "NOT_FOUND"


async def test_the_calendar_shows_times_on_the_clock_of_the_site(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site(time_zone="Europe/Rome")
    newsroom.scheduled(site, at=SPRING_FORWARD)
    newsroom.scheduled(site, at=SPRING_FORWARD.replace(hour=1))
    newsroom.approved(site, title="Without a time")

    answer = await calendar.GetCalendar(
        publisher.GetCalendarRequest(
            site_id=site.id,
            **{"from": instant_to_proto(SPRING_FORWARD)},
            to=instant_to_proto(SPRING_FORWARD.replace(day=29)),
        )
    )

    assert [entry.local_time for entry in answer.calendar.entries] == ["2027-03-28T01:30", "2027-03-28T03:30"]
    assert [entry.title for entry in answer.calendar.unscheduled] == ["Without a time"]
    assert answer.calendar.unscheduled[0].local_time == ""
    assert answer.calendar.time_zone == "Europe/Rome"


async def test_the_preview_gives_ten_slots_unless_asked_for_others(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    site = newsroom.site(time_zone="Europe/Rome")

    ten = await calendar.PreviewSchedule(publisher.PreviewScheduleRequest(site_id=site.id))
    two = await calendar.PreviewSchedule(publisher.PreviewScheduleRequest(site_id=site.id, count=2))

    assert (len(ten.slots), len(two.slots)) == (10, 2)
    assert two.slots[0].local_time == "2026-11-02T14:00"
    assert "is a publishing time of the site" in two.slots[0].explanation


async def test_content_is_scheduled_moved_and_taken_off(
    newsroom: Newsroom, calendar: "CalendarServiceAsyncStub"
) -> None:
    content = newsroom.approved(newsroom.site())
    at = instant_to_proto(datetime(2026, 11, 5, 12, 0, tzinfo=UTC))

    planned = await calendar.Schedule(publisher.ScheduleRequest(content_id=content.id))
    moved = await calendar.Schedule(publisher.ScheduleRequest(content_id=content.id, scheduled_publish_at=at))
    off = await calendar.Unschedule(publisher.UnscheduleRequest(content_id=content.id))

    assert planned.content.scheduled_publish_at.ToJsonString() == "2026-11-02T14:00:00Z"
    assert moved.content.scheduled_publish_at == at
    assert not off.content.HasField("scheduled_publish_at")


async def test_publishing_is_asked_for_and_listed(
    newsroom: Newsroom, publishing: "PublishingServiceAsyncStub", woken: list[str]
) -> None:
    site = newsroom.site()
    contents = [newsroom.approved(site) for _ in range(3)]
    answers = [
        await publishing.Publish(publisher.PublishRequest(content_id=content.id)) for content in contents
    ]
    await published(newsroom.scheduler())

    first = await publishing.ListPublications(publisher.ListPublicationsRequest(site_id=site.id, page_size=2))
    rest = await publishing.ListPublications(
        publisher.ListPublicationsRequest(site_id=site.id, page_size=2, page_token=first.next_page_token)
    )

    assert {answer.content.site_status for answer in answers} == {publisher.Content.SITE_STATUS_PUBLISHING}
    assert woken == ["woken"] * 3
    listed = [*first.publications, *rest.publications]
    assert [each.content_id for each in listed] == [content.id for content in reversed(contents)]
    assert {(each.target, each.status, each.attempts) for each in listed} == {
        ("hosted", publisher.Publication.STATUS_PUBLISHED, 1)
    }


async def test_an_article_is_approved_or_returned_with_a_note(
    newsroom: Newsroom, writer: "WriterServiceAsyncStub"
) -> None:
    content = newsroom.in_review(newsroom.site())

    returned = await writer.ReturnContent(
        publisher.ReturnContentRequest(content_id=content.id, note="Shorter, please")
    )
    again = await writer.SubmitForReview(publisher.SubmitForReviewRequest(content_id=content.id))
    approved = await writer.ApproveContent(
        publisher.ApproveContentRequest(content_id=content.id, etag=again.content.etag)
    )

    assert (returned.content.status, returned.content.review_note) == (
        publisher.Content.STATUS_DRAFT,
        "Shorter, please",
    )
    assert approved.content.status == publisher.Content.STATUS_APPROVED


@pytest.mark.parametrize("content_id", [UNKNOWN, "theirs"])
@pytest.mark.parametrize(
    "method", ["SubmitForReview", "ApproveContent", "ReturnContent", "Schedule", "Unschedule", "Publish"]
)
async def test_unknown_and_foreign_content_are_the_same_not_found(
    newsroom: Newsroom, served: Served, method: str, content_id: str
) -> None:
    theirs = newsroom.approved(newsroom.site(account_id=OTHER_ACCOUNT_ID))
    content_id = theirs.id if content_id == "theirs" else content_id

    with pytest.raises(RemoteRefusal) as refused:
        await _call(served, method, content_id)

    assert refused.value.reason == "NOT_FOUND"
    assert newsroom.read(theirs) == theirs


@pytest.mark.parametrize("method", ["GetCalendar", "PreviewSchedule", "ListPublications"])
async def test_the_sites_of_others_are_not_found(newsroom: Newsroom, served: Served, method: str) -> None:
    theirs = newsroom.site(account_id=OTHER_ACCOUNT_ID)
    service = (
        publisher.PublishingServiceStub if method == "ListPublications" else publisher.CalendarServiceStub
    )
    request = getattr(publisher, f"{method}Request")(site_id=theirs.id)

    with pytest.raises(RemoteRefusal) as refused:
        await getattr(served.stub(service), method)(request)

    assert refused.value.reason == "NOT_FOUND"


@pytest.mark.parametrize(
    "method", ["SubmitForReview", "ApproveContent", "ReturnContent", "Schedule", "Unschedule", "Publish"]
)
async def test_a_viewer_changes_nothing(newsroom: Newsroom, served: Served, method: str) -> None:
    content = newsroom.in_review(newsroom.site())

    with pytest.raises(RemoteRefusal) as refused:
        await _call(served, method, content.id, role=Role.VIEWER)

    assert refused.value.reason == "PERMISSION_DENIED"
    assert newsroom.read(content) == content


async def _published(newsroom: Newsroom) -> Content:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    await published(newsroom.scheduler())
    return newsroom.read(content)


async def _call(served: Served, method: str, content_id: str, *, role: Role = Role.EDITOR) -> None:
    stubs: dict[str, Any] = {
        "Schedule": publisher.CalendarServiceStub,
        "Unschedule": publisher.CalendarServiceStub,
        "Publish": publisher.PublishingServiceStub,
    }
    stub = served.stub(stubs.get(method, publisher.WriterServiceStub), caller=person(role))
    more = {"note": "No."} if method == "ReturnContent" else {}
    await getattr(stub, method)(getattr(publisher, f"{method}Request")(content_id=content_id, **more))

"""A calendar behind a secret address: who has it reads, and nobody else, until it is made anew or ended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest

from chassis.refusal import NotFound
from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from services.publisher.domain.calendar_feed import CalendarFeed, new_secret
from services.publisher.domain.site import Site
from services.publisher.pages.addresses import Addresses
from services.publisher.pages.ical import calendar_file
from services.publisher.usecases import calendar_feed
from services.publisher.usecases.calendar_feed import FeedContent
from tests.publisher.newsroom import Newsroom, published

AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def create(newsroom: Newsroom, site: Site, secret: str, *, account_id: str = ACCOUNT_ID) -> CalendarFeed:
    return newsroom.run(
        calendar_feed.create_feed, site_id=site.id, account_id=account_id, actor="user:1", secret=secret
    )


def read(newsroom: Newsroom, secret: str) -> FeedContent:
    return newsroom.run(calendar_feed.read_feed, token=secret)


def events(found: FeedContent) -> list[Any]:
    data = calendar_file(found.site, found.entries, Addresses("https://igny8.example"))
    parsed = icalendar.Calendar.from_ical(data)
    assert parsed.errors == []
    return list(parsed.walk("VEVENT"))


def test_the_holder_of_the_secret_reads_what_is_scheduled(newsroom: Newsroom) -> None:
    site = newsroom.site(name="Garten & Hof")
    content = newsroom.scheduled(site, at=AT)
    secret = new_secret()
    create(newsroom, site, secret)

    (event,) = events(read(newsroom, secret))

    assert event["UID"] == f"{content.id}@igny8"
    assert event["SUMMARY"] == content.title
    assert event.decoded("DTSTART") == AT
    assert event.decoded("DTEND") > AT


async def test_published_articles_are_there_with_their_address(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.publish(newsroom.approved(site, title="Compost"))
    await published(newsroom.scheduler())
    create(newsroom, site, "s" * 43)

    (event,) = events(read(newsroom, "s" * 43))

    assert event["SUMMARY"] == "Published: Compost"
    assert event["URL"].startswith("https://igny8.example/published/")


def test_drafts_and_unscheduled_articles_are_not_in_it(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.draft(site)
    newsroom.approved(site)
    create(newsroom, site, "s" * 43)

    assert read(newsroom, "s" * 43).entries == []


def test_the_same_calendar_is_the_same_file(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=AT)
    create(newsroom, site, "s" * 43)
    first = read(newsroom, "s" * 43)
    newsroom.clock.advance(minutes=1)

    again = read(newsroom, "s" * 43)

    files = [calendar_file(found.site, found.entries, Addresses()) for found in (first, again)]
    assert files[0] == files[1]


def test_titles_of_any_script_and_line_ends_stay_what_they_are(newsroom: Newsroom) -> None:
    site = newsroom.site()
    title = "堆肥; was, wie?\\nund 🌱 " + "lang " * 40
    newsroom.schedule(newsroom.approved(site, title=title), at=AT)
    create(newsroom, site, "s" * 43)

    (event,) = events(read(newsroom, "s" * 43))

    assert str(event["SUMMARY"]) == newsroom.told("scheduled")[0]["title"]


@pytest.mark.parametrize("guess", ["", "guess", "x" * 100], ids=["empty", "short", "long"])
def test_any_other_address_is_not_found(newsroom: Newsroom, guess: str) -> None:
    create(newsroom, newsroom.site(), new_secret())

    with pytest.raises(NotFound):
        read(newsroom, guess)


def test_a_new_address_ends_the_one_before(newsroom: Newsroom) -> None:
    site = newsroom.site()
    create(newsroom, site, "first" * 8)
    create(newsroom, site, "second" * 7)

    with pytest.raises(NotFound):
        read(newsroom, "first" * 8)
    assert read(newsroom, "second" * 7).site.id == site.id


def test_an_ended_address_is_not_found_and_ending_it_again_is_quiet(newsroom: Newsroom) -> None:
    site = newsroom.site()
    create(newsroom, site, "s" * 43)

    for _ in range(2):
        newsroom.transactions.run_sync(calendar_feed.revoke_feed, site_id=site.id, account_id=ACCOUNT_ID)

    with pytest.raises(NotFound):
        read(newsroom, "s" * 43)


def test_the_secret_is_not_kept(newsroom: Newsroom) -> None:
    site = newsroom.site()

    feed = create(newsroom, site, "s" * 43)

    assert "s" * 43 not in str(feed)


def test_nobody_makes_or_reads_or_ends_the_address_of_another_account(newsroom: Newsroom) -> None:
    site = newsroom.site()
    create(newsroom, site, "s" * 43)
    named = {"site_id": site.id, "account_id": OTHER_ACCOUNT_ID}

    with pytest.raises(NotFound):
        create(newsroom, site, "t" * 43, account_id=OTHER_ACCOUNT_ID)
    with pytest.raises(NotFound):
        newsroom.transactions.run_sync(calendar_feed.get_feed, **named)
    with pytest.raises(NotFound):
        newsroom.transactions.run_sync(calendar_feed.revoke_feed, **named)
    assert read(newsroom, "s" * 43).site.id == site.id


def test_what_is_long_over_or_far_away_is_left_out(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=newsroom.clock.now() + timedelta(days=400))
    near = newsroom.scheduled(site, at=AT)
    create(newsroom, site, "s" * 43)

    assert [entry.content_id for entry in read(newsroom, "s" * 43).entries] == [near.id]

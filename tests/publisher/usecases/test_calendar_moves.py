"""Moving what is on the calendar: to a day, by days, to another time zone; limits hold and nothing moves by halves."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from chassis.ids import new_id
from chassis.refusal import NotFound, RequestInvalid, StateConflict
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.content import Content, SiteStatus
from services.publisher.domain.publishing_settings import TimeZoneChange
from services.publisher.domain.site import Site
from services.publisher.usecases import calendar_moves, sites
from tests.publisher.bookings import change_zone
from tests.publisher.newsroom import Newsroom

TODAY = date(2026, 11, 2)
FRIDAY = date(2026, 11, 6)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def move(newsroom: Newsroom, content: Content, day: date, clock: time | None = None) -> Content:
    return newsroom.run(
        calendar_moves.move, content_id=content.id, account_id=content.account_id, day=day, clock=clock
    )


def shift(newsroom: Newsroom, site: Site, days: int, **which: Any) -> list[Content]:
    given: dict[str, Any] = {"content_ids": [], "start": None, "end": None, **which}
    return newsroom.run(calendar_moves.shift, site_id=site.id, account_id=site.account_id, days=days, **given)


def planned(newsroom: Newsroom, *contents: Content) -> list[datetime | None]:
    return [newsroom.read(content).scheduled_publish_at for content in contents]


# To a day


def test_a_move_to_another_day_keeps_the_clock_time(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(), at=at("2026-11-03T09:00"))

    moved = move(newsroom, content, FRIDAY)

    assert moved.scheduled_publish_at == at("2026-11-06T09:00")
    assert planned(newsroom, content) == [at("2026-11-06T09:00")]
    assert newsroom.events(content)[-1] == "scheduled"


def test_a_month_view_move_over_the_clock_change_keeps_nine_o_clock(newsroom: Newsroom) -> None:
    site = newsroom.site(time_zone="America/New_York")
    content = newsroom.scheduled(site, at=at("2027-03-12T14:00"))

    moved = move(newsroom, content, date(2027, 3, 15))

    assert moved.scheduled_publish_at == at("2027-03-15T13:00")


def test_a_move_may_give_another_clock_time(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(time_zone="Europe/Rome"), at=at("2026-11-03T09:00"))

    assert move(newsroom, content, FRIDAY, time(7, 30)).scheduled_publish_at == at("2026-11-06T06:30")


def test_approved_content_without_a_time_is_put_on_a_day_by_its_clock_time(newsroom: Newsroom) -> None:
    content = newsroom.approved(newsroom.site())

    moved = move(newsroom, content, FRIDAY, time(9))

    assert (moved.site_status, moved.scheduled_publish_at) == (SiteStatus.SCHEDULED, at("2026-11-06T09:00"))


def test_content_without_a_time_needs_one(newsroom: Newsroom) -> None:
    content = newsroom.approved(newsroom.site())

    with pytest.raises(RequestInvalid, match="needed") as refused:
        move(newsroom, content, FRIDAY)

    assert refused.value.fields[0].field == "time"
    assert newsroom.read(content) == content


def test_a_move_to_the_day_it_has_changes_nothing(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(), at=at("2026-11-06T09:00"))

    move(newsroom, content, FRIDAY)

    assert newsroom.read(content) == content
    assert newsroom.events(content).count("scheduled") == 1


def test_a_move_into_the_past_names_the_date(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(), at=at("2026-11-03T09:00"))

    with pytest.raises(RequestInvalid, match="is in the past") as refused:
        move(newsroom, content, date(2026, 10, 1))

    assert refused.value.fields[0].field == "date"
    assert planned(newsroom, content) == [at("2026-11-03T09:00")]


def test_a_move_onto_a_taken_time_is_refused(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=at("2026-11-06T09:00"))
    content = newsroom.scheduled(site, at=at("2026-11-03T09:00"))

    with pytest.raises(StateConflict, match="is taken"):
        move(newsroom, content, FRIDAY)


@pytest.mark.parametrize("limit", ["daily_limit", "weekly_limit", "monthly_limit"])
def test_a_move_into_a_full_day_week_or_month_is_refused(newsroom: Newsroom, limit: str) -> None:
    rules: dict[str, Any] = {limit: 1}
    site = newsroom.site(**rules)
    newsroom.scheduled(site, at=at("2026-12-11T14:00"))
    content = newsroom.scheduled(site, at=at("2026-11-03T09:00"))

    with pytest.raises(StateConflict, match="1 of 1 publications"):
        move(newsroom, content, date(2026, 12, 11))

    assert planned(newsroom, content) == [at("2026-11-03T09:00")]


def test_a_move_within_a_full_day_counts_itself_once(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(daily_limit=1), at=at("2026-11-06T09:00"))

    assert move(newsroom, content, FRIDAY, time(14)).scheduled_publish_at == at("2026-11-06T14:00")


def test_a_draft_is_not_moved(newsroom: Newsroom) -> None:
    with pytest.raises(StateConflict, match="Submit it for review"):
        move(newsroom, newsroom.draft(newsroom.site()), FRIDAY)


def test_content_of_another_account_is_not_found(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(account_id=OTHER_ACCOUNT_ID))

    with pytest.raises(NotFound):
        newsroom.run(
            calendar_moves.move,
            content_id=content.id,
            account_id=newsroom.site().account_id,
            day=FRIDAY,
            clock=None,
        )


# By days


def test_a_shift_moves_all_of_a_range_and_keeps_their_clock_times(newsroom: Newsroom) -> None:
    site = newsroom.site(time_zone="Europe/Rome")
    before, inside, also = (
        newsroom.scheduled(site, at=at(text))
        for text in ("2027-03-25T08:00", "2027-03-26T08:00", "2027-03-27T13:00")
    )

    moved = shift(newsroom, site, 2, start=at("2027-03-26T00:00"))

    # Clocks go forward on 28 March 2027.
    assert [content.id for content in moved] == [inside.id, also.id]
    assert planned(newsroom, before, inside, also) == [
        at("2027-03-25T08:00"),
        at("2027-03-28T07:00"),
        at("2027-03-29T12:00"),
    ]
    assert newsroom.told("scheduled")[-1]["explanation"] == "Moved by +2 days with 2 in all."


def test_a_shift_may_take_the_places_that_it_frees(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    both = [newsroom.scheduled(site, at=at(text)) for text in ("2026-11-03T09:00", "2026-11-04T09:00")]

    shift(newsroom, site, 1, content_ids=[content.id for content in both])

    assert planned(newsroom, *both) == [at("2026-11-04T09:00"), at("2026-11-05T09:00")]


def test_when_one_cannot_move_none_does(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    newsroom.scheduled(site, at=at("2026-11-09T09:00"))
    both = [newsroom.scheduled(site, at=at(text)) for text in ("2026-11-04T09:00", "2026-11-06T09:00")]

    with pytest.raises(StateConflict, match="Monday, 9 November 2026 is full"):
        shift(newsroom, site, 3, content_ids=[content.id for content in both])

    assert planned(newsroom, *both) == [at("2026-11-04T09:00"), at("2026-11-06T09:00")]
    assert [newsroom.events(content).count("scheduled") for content in both] == [1, 1]


def test_a_shift_may_not_fill_a_week_over_its_limit(newsroom: Newsroom) -> None:
    site = newsroom.site(weekly_limit=2)
    newsroom.scheduled(site, at=at("2026-11-10T09:00"))
    both = [newsroom.scheduled(site, at=at(text)) for text in ("2026-11-04T09:00", "2026-11-05T09:00")]

    with pytest.raises(StateConflict, match="2 of 2 publications a week"):
        shift(newsroom, site, 7, content_ids=[content.id for content in both])


def test_a_shift_into_the_past_is_refused(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=at("2026-11-03T09:00"))

    with pytest.raises(RequestInvalid, match="is in the past") as refused:
        shift(newsroom, site, -30, content_ids=[content.id])

    assert refused.value.fields[0].field == "days"


@pytest.mark.parametrize(
    ("days", "which", "field"),
    [
        (1, {}, "content_ids"),
        (1, {"content_ids": [new_id()], "start": at("2026-11-03T00:00")}, "content_ids"),
    ],
    ids=["nothing named", "ids and a range"],
)
def test_a_shift_has_to_say_what_moves_and_how_far(
    newsroom: Newsroom, days: int, which: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestInvalid) as refused:
        shift(newsroom, newsroom.site(), days, **which)

    assert refused.value.fields[0].field == field


def test_content_that_is_not_scheduled_is_not_shifted(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.approved(site)

    with pytest.raises(StateConflict, match="Schedule or publish it first"):
        shift(newsroom, site, 1, content_ids=[content.id])


def test_content_of_another_site_is_not_found_by_a_shift(newsroom: Newsroom) -> None:
    stranger = newsroom.scheduled(newsroom.site(name="Elsewhere"))

    with pytest.raises(NotFound):
        shift(newsroom, newsroom.site(), 1, content_ids=[stranger.id])


# To another time zone


def test_another_time_zone_asks_what_scheduled_content_keeps(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=at("2026-11-03T09:00"))

    with pytest.raises(RequestInvalid, match="1 scheduled content can keep the time on the clock") as refused:
        change_zone(newsroom, site, "America/New_York")

    assert refused.value.fields[0].field == "time_zone_change"
    assert (
        newsroom.transactions.run_sync(
            sites.get_settings, account_id=site.account_id, site_id=site.id
        ).time_zone
        == "UTC"
    )


def test_kept_clock_times_are_other_instants(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    both = [newsroom.scheduled(site, at=at(text)) for text in ("2026-11-03T09:00", "2026-11-04T18:00")]

    change_zone(newsroom, site, "America/New_York", TimeZoneChange.KEEP_CLOCK)

    assert planned(newsroom, *both) == [at("2026-11-03T14:00"), at("2026-11-04T23:00")]
    assert "UTC to America/New_York" in newsroom.told("scheduled")[-1]["explanation"]


def test_kept_instants_change_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=at("2026-11-03T09:00"))

    change_zone(newsroom, site, "America/New_York", TimeZoneChange.KEEP_INSTANT)

    assert newsroom.read(content) == content


def test_a_clock_time_that_is_past_in_the_new_zone_is_not_kept(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=at("2026-11-02T14:00"))

    with pytest.raises(RequestInvalid, match="is in the past"):
        change_zone(newsroom, site, "Pacific/Chatham", TimeZoneChange.KEEP_CLOCK)

    assert newsroom.read(content) == content


def test_an_empty_calendar_changes_its_zone_without_a_word(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.approved(site)

    change_zone(newsroom, site, "Asia/Kolkata")

    settings = newsroom.transactions.run_sync(sites.get_settings, account_id=site.account_id, site_id=site.id)
    assert settings.time_zone == "Asia/Kolkata"

"""Giving content a time, moving it and taking it away, and reading the calendar."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from chassis.refusal import NotFound, Refusal, RequestInvalid, StateConflict
from chassis.testing.callers import OTHER_ACCOUNT_ID
from services.publisher.domain.content import Content, ContentStatus, SiteStatus
from services.publisher.domain.schedule.explanation import Explanation
from services.publisher.domain.site import Site
from services.publisher.usecases import calendar
from services.publisher.usecases.calendar import CalendarRange
from tests.publisher.newsroom import Newsroom, published

TODAY_14 = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
TOMORROW_9 = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def test_without_a_time_it_takes_the_next_free_slot(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site)

    second = newsroom.scheduled(site)

    assert second.scheduled_publish_at == datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
    assert "2 November 2026 at 14:00 is taken" in newsroom.told("scheduled")[1]["explanation"]


def test_an_exact_time_is_taken_as_it_is(newsroom: Newsroom) -> None:
    at = datetime(2026, 11, 5, 11, 11, tzinfo=UTC)

    content = newsroom.scheduled(newsroom.site(), at=at)

    assert newsroom.read(content).scheduled_publish_at == at
    assert newsroom.read(content).site_status is SiteStatus.SCHEDULED


def test_another_time_moves_it_and_frees_the_first(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site)

    moved = newsroom.schedule(content, at=TOMORROW_9)

    assert moved.scheduled_publish_at == TOMORROW_9
    assert newsroom.scheduled(site).scheduled_publish_at == TODAY_14


@pytest.mark.parametrize("at", [None, TODAY_14], ids=["without a time", "with its time"])
def test_scheduling_again_is_a_quiet_success(newsroom: Newsroom, at: datetime | None) -> None:
    content = newsroom.scheduled(newsroom.site())

    again = newsroom.schedule(content, at=at)

    assert again == newsroom.read(content)
    assert newsroom.events(content).count("scheduled") == 1


def test_a_time_in_the_past_is_refused(newsroom: Newsroom) -> None:
    content = newsroom.approved(newsroom.site())

    with pytest.raises(RequestInvalid, match="is in the past"):
        newsroom.schedule(content, at=newsroom.clock.now() - timedelta(seconds=1))

    assert newsroom.read(content).site_status is SiteStatus.NOT_PUBLISHED


def test_a_taken_time_is_refused(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=TOMORROW_9)

    with pytest.raises(StateConflict, match="is taken"):
        newsroom.schedule(newsroom.approved(site), at=TOMORROW_9)


def test_a_full_day_is_refused_with_its_counts(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=1)
    newsroom.scheduled(site, at=TOMORROW_9)

    with pytest.raises(StateConflict, match=r"3 November 2026 is full: 1 of 1 publications a day") as refused:
        newsroom.schedule(newsroom.approved(site), at=TOMORROW_9 + timedelta(hours=1))

    assert refused.value.metadata["state"] == "daily_limit"


def test_a_move_within_a_full_day_is_possible(newsroom: Newsroom) -> None:
    content = newsroom.scheduled(newsroom.site(daily_limit=1), at=TOMORROW_9)

    moved = newsroom.schedule(content, at=TOMORROW_9 + timedelta(hours=2))

    assert moved.scheduled_publish_at == TOMORROW_9 + timedelta(hours=2)


def test_content_in_review_gets_no_time(newsroom: Newsroom) -> None:
    with pytest.raises(StateConflict, match="Approve it first"):
        newsroom.schedule(newsroom.in_review(newsroom.site()))


async def test_what_was_published_this_month_counts_against_its_limit(newsroom: Newsroom) -> None:
    site = newsroom.site(monthly_limit=1, mode="immediate")
    newsroom.publish(newsroom.approved(site))
    await published(newsroom.scheduler())

    newsroom.clock.advance(days=20)

    assert newsroom.scheduled(site).scheduled_publish_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_concurrent_schedule_move_and_approve_keep_limits_and_slots(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_schedule=True, daily_limit=2, weekly_limit=5)
    at = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
    calls: list[Callable[[], Content]] = []
    for number in range(6):
        review, approved, moving = (
            newsroom.in_review(site),
            newsroom.unschedule(newsroom.approved(site)),
            newsroom.scheduled(site) if number < 2 else newsroom.unschedule(newsroom.approved(site)),
        )
        calls += [
            partial(newsroom.approve, review),
            partial(newsroom.schedule, approved),
            partial(newsroom.schedule, moving, at=at + timedelta(hours=number % 3)),
        ]

    with ThreadPoolExecutor(8) as people:
        list(people.map(_allowing_refusals, calls))

    times = [entry.at for entry in _all(newsroom, site).entries if entry.at]
    days, weeks = [at.date() for at in times], [at.isocalendar().week for at in times]
    assert len(times) == len(set(times)) >= 14
    assert max(map(days.count, days)) <= 2
    assert max(map(weeks.count, weeks)) <= 5


def test_unscheduled_content_stays_approved(newsroom: Newsroom) -> None:
    content = newsroom.unschedule(newsroom.scheduled(newsroom.site()))

    assert (content.status, content.site_status) == (ContentStatus.APPROVED, SiteStatus.NOT_PUBLISHED)
    assert content.scheduled_publish_at is None
    assert newsroom.events(content)[-1] == "unscheduled"


def test_unscheduling_twice_is_a_quiet_success(newsroom: Newsroom) -> None:
    content = newsroom.unschedule(newsroom.scheduled(newsroom.site()))

    newsroom.unschedule(content)

    assert newsroom.events(content).count("unscheduled") == 1


async def test_published_content_cannot_be_unscheduled(newsroom: Newsroom) -> None:
    content = newsroom.publish(newsroom.approved(newsroom.site()))
    await published(newsroom.scheduler())

    with pytest.raises(StateConflict, match="It is on the site already"):
        newsroom.unschedule(content)


async def test_the_calendar_holds_every_state_in_order(newsroom: Newsroom) -> None:
    site = newsroom.site()
    done, asked = newsroom.approved(site), newsroom.approved(site)
    newsroom.publish(done)
    await published(newsroom.scheduler())
    newsroom.clock.advance(minutes=1)
    newsroom.publish(asked)
    planned = newsroom.scheduled(site)
    waiting, older = newsroom.approved(site), newsroom.in_review(site)

    shown = _all(newsroom, site)

    assert [(entry.content_id, entry.site_status.value) for entry in shown.entries] == [
        (done.id, "published"),
        (asked.id, "publishing"),
        (planned.id, "scheduled"),
    ]
    assert [entry.content_id for entry in shown.unscheduled] == [waiting.id]
    assert older.id not in {entry.content_id for entry in shown.unscheduled}


def test_a_range_leaves_out_its_end(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site, at=TOMORROW_9)

    upto = _all(newsroom, site, start=TODAY_14, end=TOMORROW_9)
    onwards = _all(newsroom, site, start=TOMORROW_9, end=TOMORROW_9 + timedelta(seconds=1))

    assert (len(upto.entries), len(onwards.entries)) == (0, 1)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (TODAY_14, TODAY_14),
        (TOMORROW_9, TODAY_14),
        (TODAY_14, TODAY_14 + timedelta(days=400, seconds=1)),
        (None, datetime(1, 1, 2, tzinfo=UTC)),
        (datetime(9999, 12, 30, tzinfo=UTC), None),
    ],
    ids=["empty", "backwards", "too long", "before all time", "after all time"],
)
def test_a_range_that_cannot_be_shown_is_refused(
    newsroom: Newsroom, start: datetime | None, end: datetime | None
) -> None:
    with pytest.raises(RequestInvalid):
        _all(newsroom, newsroom.site(), start=start, end=end)


def test_the_calendar_and_what_is_due_are_read_by_their_indexes(newsroom: Newsroom) -> None:
    site = newsroom.site()
    with newsroom.engine.begin() as connection:
        # Costs of an empty table say nothing; the question is whether an index can give rows and order at all.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_sort = off"))
        plan = "\n".join(
            connection.execute(
                text(
                    "EXPLAIN SELECT id FROM content WHERE site_id = :site AND calendar_at >= now()"
                    " AND calendar_at < now() ORDER BY calendar_at, id"
                ),
                {"site": site.id},
            ).scalars()
        )

    assert "content_calendar" in plan
    assert "Sort" not in plan


def test_the_preview_is_what_approval_then_gives(newsroom: Newsroom) -> None:
    site = newsroom.site(auto_schedule=True, daily_limit=1)
    newsroom.approve(newsroom.in_review(site))
    preview = newsroom.run(calendar.preview_schedule, site_id=site.id, account_id=site.account_id, count=3)

    given = [newsroom.approve(newsroom.in_review(site)).scheduled_publish_at for _ in range(3)]

    assert [slot.at for slot in preview] == given
    assert "is full: 1 of 1 publications a day" in preview[0].explanation


def test_failed_content_can_be_scheduled_again_and_takes_no_slot(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.approved(site)
    with newsroom.engine.begin() as connection:
        connection.execute(
            text("UPDATE content SET site_status = 'failed', updated_at = :at"), {"at": TODAY_14}
        )

    assert [entry.at for entry in _all(newsroom, site).entries] == [TODAY_14]
    assert newsroom.schedule(content).scheduled_publish_at == TODAY_14


@pytest.mark.parametrize("usecase", [calendar.schedule, calendar.unschedule], ids=["schedule", "unschedule"])
def test_content_of_another_account_is_not_found(newsroom: Newsroom, usecase: Callable[..., Content]) -> None:
    content = newsroom.scheduled(newsroom.site(account_id=OTHER_ACCOUNT_ID))
    mine = newsroom.site()
    more = {"at": TOMORROW_9} if usecase is calendar.schedule else {}

    with pytest.raises(NotFound):
        newsroom.run(usecase, content_id=content.id, account_id=mine.account_id, **more)

    assert newsroom.read(content).scheduled_publish_at == TODAY_14


def test_the_calendar_of_another_account_is_not_found(newsroom: Newsroom) -> None:
    theirs = newsroom.site(account_id=OTHER_ACCOUNT_ID)

    with pytest.raises(NotFound):
        newsroom.run(
            calendar.get_calendar,
            site_id=theirs.id,
            account_id=newsroom.site().account_id,
            start=None,
            end=None,
        )


def _all(
    newsroom: Newsroom, site: Site, *, start: datetime | None = None, end: datetime | None = None
) -> CalendarRange:
    return newsroom.run(
        calendar.get_calendar, site_id=site.id, account_id=site.account_id, start=start, end=end
    )


def _allowing_refusals(call: Callable[[], Content]) -> Content | None:
    try:
        return call()
    except Refusal:
        return None


# Counts, what is overdue, and why a time


def test_the_calendar_counts_whole_days_weeks_and_months_against_the_limits(newsroom: Newsroom) -> None:
    site = newsroom.site(daily_limit=2, weekly_limit=3, monthly_limit=10)
    for at in (TODAY_14, TODAY_14 + timedelta(hours=4), TOMORROW_9, TOMORROW_9 + timedelta(days=20)):
        newsroom.scheduled(site, at=at)

    counts = _all(newsroom, site, start=TOMORROW_9, end=TOMORROW_9 + timedelta(days=1)).counts

    monday = TODAY_14.date()
    assert (counts.days[monday], counts.days[TOMORROW_9.date()]) == (2, 1)
    assert counts.weeks[monday] == 3
    assert counts.months[monday.replace(day=1)] == 4


def test_what_failed_counts_nothing(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.approved(site)
    with newsroom.engine.begin() as connection:
        connection.execute(
            text("UPDATE content SET site_status = 'failed', updated_at = :at"), {"at": TODAY_14}
        )

    assert _all(newsroom, site).counts.days == {}


def test_what_should_have_gone_out_is_overdue_whatever_the_range(newsroom: Newsroom) -> None:
    site = newsroom.site()
    late, soon = newsroom.scheduled(site, at=TODAY_14), newsroom.scheduled(site, at=TOMORROW_9)
    newsroom.clock.set(TODAY_14 + timedelta(seconds=59))
    assert _all(newsroom, site).overdue == []
    newsroom.clock.set(TODAY_14 + timedelta(seconds=60))

    shown = _all(newsroom, site, start=TOMORROW_9, end=TOMORROW_9 + timedelta(days=1))

    assert [entry.content_id for entry in shown.overdue] == [late.id]
    assert [entry.content_id for entry in shown.entries] == [soon.id]


def _explained(
    newsroom: Newsroom, site: Site, content: Content | None = None, at: datetime | None = None
) -> Explanation:
    return newsroom.run(
        calendar.explain_slot,
        site_id=site.id,
        account_id=site.account_id,
        content_id=content.id if content else "",
        at=at,
    )


def test_a_time_is_explained_as_the_scheduler_found_it(newsroom: Newsroom) -> None:
    site = newsroom.site()
    newsroom.scheduled(site)
    second = newsroom.scheduled(site)

    found = _explained(newsroom, site, second)

    assert found.text == newsroom.told("scheduled")[1]["explanation"]
    assert (found.by_rule, found.obstacle) == (True, "")


def test_a_time_that_somebody_chose_says_so_and_names_the_next_free_slot(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.scheduled(site, at=TOMORROW_9 + timedelta(minutes=11))

    found = _explained(newsroom, site, content)

    assert not found.by_rule
    assert "09:11 (UTC) is no publishing time of the site: somebody chose it" in found.text
    assert "An earlier slot is free: Monday, 2 November 2026 at 14:00" in found.text


def test_a_time_in_a_full_week_says_what_stands_in_its_way(newsroom: Newsroom) -> None:
    site = newsroom.site(weekly_limit=1)
    newsroom.scheduled(site, at=TODAY_14)

    found = _explained(newsroom, site, at=TOMORROW_9)

    assert found.obstacle == "the week of Monday, 2 November 2026 is full: 1 of 1 publications a week"
    assert found.next_slot is not None
    assert found.next_slot.at == TOMORROW_9 + timedelta(days=6)
    assert "The next free slot is Monday, 9 November 2026 at 09:00" in found.text


def test_what_has_no_time_has_nothing_to_explain(newsroom: Newsroom) -> None:
    site = newsroom.site()
    content = newsroom.approved(site)

    with pytest.raises(StateConflict, match="has no time"):
        _explained(newsroom, site, content)
    with pytest.raises(RequestInvalid, match="is needed"):
        _explained(newsroom, site)
    with pytest.raises(RequestInvalid, match="twenty years"):
        _explained(newsroom, site, at=datetime(9999, 12, 31, tzinfo=UTC))
    with pytest.raises(NotFound):
        _explained(newsroom, newsroom.site(name="Elsewhere"), newsroom.scheduled(site))

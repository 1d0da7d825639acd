"""GetWorkflowStats over gRPC: exact over the whole site, by period, with the credits that billing told of."""

from datetime import timedelta

import pytest
from igny8.publisher import v1 as publisher

from chassis.testing.callers import ACCOUNT_ID, OTHER_ACCOUNT_ID
from services.publisher.usecases.writer import add_charge
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls, article
from tests.publisher.servicers.pictures import picture

REQUEST = publisher.GetWorkflowStatsRequest


async def test_an_empty_site_has_nothing_and_no_last_charge(calls: Calls) -> None:
    site = await calls.site()

    stats = await calls.stats(site.id)

    assert stats.keywords == publisher.KeywordStats()
    assert stats.content == publisher.ContentStats()
    assert (stats.clusters, stats.credits_used) == (0, 0)
    assert not stats.HasField("credits_as_of")


async def test_every_noun_is_counted_by_its_state_on_both_axes(calls: Calls) -> None:
    site, other = await calls.site("One"), await calls.site("Two")
    await calls.content(other.id)
    await calls.import_csv(site.id, "keyword\nfree word\nother word\n")
    await calls.task(site.id)
    cluster = await calls.cluster(site.id, "Thought of")
    await calls.ideas(cluster.id, "New idea")
    draft = await calls.content(site.id)
    first, _ = await calls.images(draft.id, 2)
    await calls.upload(first.id, picture())
    task = await calls.task(site.id)
    await calls.pipeline().SaveContent(article(task.id))
    failing = await calls.task(site.id)
    await calls.pipeline().FailTask(publisher.FailTaskRequest(task_id=failing.id, error="no"))

    stats = await calls.stats(site.id)

    assert stats.keywords == publisher.KeywordStats(total=7, mapped=5)
    assert stats.clusters == 5
    assert stats.ideas == publisher.IdeaStats(total=5, queued=2, completed=2)
    assert stats.tasks == publisher.TaskStats(total=4, queued=1, completed=2, failed=1)
    assert stats.content == publisher.ContentStats(total=2, draft=1, review=1, not_published=2)
    assert stats.images == publisher.ImageStats(total=2, pending=1, generated=1)


async def test_a_period_counts_what_was_made_in_it(calls: Calls, newsroom: Newsroom) -> None:
    site = await calls.site()
    await calls.import_csv(site.id, "keyword\nlong ago\n")
    newsroom.clock.advance(seconds=timedelta(days=40).total_seconds())
    await calls.import_csv(site.id, "keyword\nlast month\n")
    newsroom.clock.advance(seconds=timedelta(days=20).total_seconds())
    await calls.import_csv(site.id, "keyword\ntoday\n")
    periods = (REQUEST.PERIOD_7D, REQUEST.PERIOD_30D, REQUEST.PERIOD_90D, REQUEST.PERIOD_ALL)

    totals = [(await calls.stats(site.id, period=period)).keywords.total for period in periods]

    assert totals == [1, 2, 3, 3]


async def test_credits_are_summed_by_day_and_say_how_recent_they_are(
    calls: Calls, newsroom: Newsroom
) -> None:
    site = await calls.site()
    now = newsroom.clock.now()
    for days, credits in ((0, 5), (0, 7), (6, 20), (8, 100), (400, 1000)):
        _charge(newsroom, site.id, credits, days_ago=days)
    _charge(newsroom, site.id, 9, account_id=OTHER_ACCOUNT_ID)
    periods = (REQUEST.PERIOD_7D, REQUEST.PERIOD_30D, REQUEST.PERIOD_UNSPECIFIED)

    found = [await calls.stats(site.id, period=period) for period in periods]

    assert [stats.credits_used for stats in found] == [32, 132, 1132]
    assert {stats.credits_as_of.ToSeconds() for stats in found} == {int(now.timestamp())}


@pytest.mark.parametrize("order", [(3, 1), (1, 3)])
async def test_charges_that_come_out_of_order_leave_the_last_instant(
    calls: Calls, newsroom: Newsroom, order: tuple[int, int]
) -> None:
    site = await calls.site()
    midnight = newsroom.clock.now().replace(hour=0)
    for hours in order:
        newsroom.transactions.run_sync(
            add_charge,
            account_id=ACCOUNT_ID,
            site_id=site.id,
            credits=1,
            at=midnight + timedelta(hours=hours),
        )

    stats = await calls.stats(site.id)

    assert stats.credits_used == 2
    assert stats.credits_as_of.ToSeconds() == int((midnight + timedelta(hours=3)).timestamp())


def _charge(
    newsroom: Newsroom, site_id: str, credits: int, *, days_ago: int = 0, account_id: str = ACCOUNT_ID
) -> None:
    at = newsroom.clock.now() - timedelta(days=days_ago)
    newsroom.transactions.run_sync(add_charge, account_id=account_id, site_id=site_id, credits=credits, at=at)

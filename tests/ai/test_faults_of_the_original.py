"""The eleven faults of the system igny8 is named after, each a regression test (the table is in services/ai/README.md)."""

from datetime import UTC, datetime, timedelta

import pytest
from igny8.publisher import v1 as publisher
from sqlalchemy.exc import DataError

from chassis.ids import new_id
from services.ai.automation.scheduler import Scheduler
from services.ai.domain.run import RunAlreadyActive, RunStatus
from services.ai.domain.stages import Stage
from services.publisher.domain.content import SiteStatus
from services.publisher.domain.publishing_settings import CatchUp
from services.publisher.usecases.calendar import get_calendar
from tests.ai.runs import Desk, ids_of
from tests.ai.servicers.doors import Doors
from tests.ai.workshop import Workshop
from tests.publisher.fake_target import FakeTarget
from tests.publisher.newsroom import Newsroom, published

DUE = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)

CLUSTER, IDEAS, CONTENT = Stage.CLUSTER, Stage.IDEAS, Stage.CONTENT


def test_fault_1_cancelling_frees_the_site(desk: Desk) -> None:
    run = desk.start(clusters=3, concurrency=1)
    begun = desk.begin(desk.jobs()[0])
    desk.cancel(run)
    desk.end(begun)

    assert desk.start(clusters=1).status is RunStatus.RUNNING


async def test_fault_2_the_schedule_starts_no_second_run_beside_a_paused_one(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()
    await doors.configure(enabled=True, scheduled_time="10:00")
    run = await doors.start_run()
    await doors.pause_run(run.id)
    workshop.clock.advance(hours=1)

    await Scheduler(
        workshop.transactions,
        workshop.clock,
        inventory=workshop.inventory,
        preparation=workshop.preparation,
        estimator=workshop.estimator,
        owner="server",
    ).tick()

    assert workshop.told("runs") == ["started", "paused", "skipped"]


def test_fault_3_a_resumed_run_holds_the_site(desk: Desk) -> None:
    run = desk.start(clusters=2)
    desk.pause(run)
    desk.resume(run)

    with pytest.raises(RunAlreadyActive):
        desk.start(clusters=1)


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_fault_4_a_resumed_run_hears_pause_and_cancel_before_its_next_item(desk: Desk, verb: str) -> None:
    run = desk.start(clusters=9, concurrency=1)
    desk.pause(run)
    desk.resume(run)
    begun = desk.begin(desk.jobs()[-1])
    getattr(desk, verb)(run)
    handed_out = len(desk.jobs())

    desk.end(begun)

    assert len(desk.jobs()) == handed_out
    assert desk.read(run).status in (RunStatus.PAUSED, RunStatus.CANCELLED)


def test_fault_5_pausing_is_announced_with_its_reason(desk: Desk) -> None:
    run = desk.start(clusters=2)
    desk.begin(desk.jobs()[0])

    desk.pause(run)

    assert desk.told()[-1] == "pausing"
    assert desk.last_event().pause_reason == "user"


def test_fault_6_a_failure_while_resuming_changes_nothing_and_keeps_nothing(desk: Desk) -> None:
    run = desk.start(clusters=2)
    desk.pause(run)
    handed_out = len(desk.jobs())

    with pytest.raises(DataError):
        # No column holds such a limit: it fails after items were handed out.
        desk.resume(run, max_credits=2**63)

    assert desk.read(run).status is RunStatus.PAUSED
    assert len(desk.jobs()) == handed_out
    assert desk.resume(run).status is RunStatus.RUNNING


def test_fault_7_stage_1_takes_the_batch_size_that_was_configured(desk: Desk) -> None:
    run = desk.start(keywords=45, enabled=[CLUSTER], batch_size=20)

    assert [len(item.input_ids) for item in desk.items(run, CLUSTER)] == [20, 20, 5]


def test_fault_8_stage_4_goes_on_until_its_queue_is_empty(desk: Desk) -> None:
    run = desk.start(clusters=1, enabled=[IDEAS, Stage.TASKS, CONTENT], concurrency=2)
    desk.end(desk.begin(desk.jobs()[0]), flow=ids_of(11))
    desk.end(desk.begin(desk.jobs()[-1]), flow=ids_of(11))

    done = 2
    while len(desk.jobs()) > done:
        desk.end(desk.begin(desk.jobs()[done]))
        done += 1

    assert desk.read(run).progress(CONTENT).done == 11
    assert desk.read(run).status is RunStatus.COMPLETED


def test_fault_9_stage_5_is_triggered_by_each_article(desk: Desk) -> None:
    run = desk.start(clusters=1, enabled=[IDEAS, Stage.TASKS, CONTENT, Stage.IMAGE_PROMPTS])
    desk.end(desk.begin(desk.jobs()[0]), flow=ids_of(1))
    desk.end(desk.begin(desk.jobs()[-1]), flow=ids_of(1))

    desk.end(desk.begin(desk.jobs()[-1]), flow=ids_of(1))

    assert desk.item(desk.jobs()[-1]).stage is Stage.IMAGE_PROMPTS
    assert desk.read(run).progress(Stage.IMAGE_PROMPTS).total == 1


async def test_fault_10_clusters_are_new_until_they_have_ideas_and_keywords_are_mapped_in_any_case(
    workshop: Workshop,
) -> None:
    ids = await workshop.keywords("Compost HEAP", "compost heap wood")
    workshop.start(workshop.config(CLUSTER), {CLUSTER: ids})

    await workshop.work_off()

    keywords = await workshop.inventory.keywords(workshop.site_id, ids)
    clusters = await workshop.inventory.clusters(
        workshop.site_id, list({keyword.cluster_id for keyword in keywords})
    )
    assert {keyword.status for keyword in keywords} == {publisher.Keyword.STATUS_MAPPED}
    assert {cluster.status for cluster in clusters} == {publisher.Cluster.STATUS_NEW}


async def test_fault_11_a_run_takes_what_waits_on_its_own_site_only(doors: Doors, workshop: Workshop) -> None:
    ours = await workshop.keywords("compost heap", "compost bin")
    other = await workshop.publisher.site(name="Other", slug=f"other-{new_id()}")
    await workshop.publisher.import_csv(other.id, "keyword\nraised bed soil\n")

    run = await doors.start_run()

    taken = await doors.items(run.id)
    assert sorted(id for item in taken for id in item.input_ids) == sorted(ours)


async def test_fault_11_the_publisher_keeps_the_calendars_of_sites_apart_and_publishes_each_on_its_own(
    newsroom: Newsroom,
) -> None:
    sites = [newsroom.site(daily_limit=1) for _ in range(2)]
    # Either day has room for one, and either time for one.
    contents = [newsroom.scheduled(site, at=DUE) for site in sites]
    target = FakeTarget()

    shown = [
        newsroom.run(get_calendar, site_id=site.id, account_id=site.account_id, start=None, end=None)
        for site in sites
    ]
    newsroom.clock.set(DUE)
    await published(newsroom.scheduler(target=target))

    assert [[entry.content_id for entry in each.entries] for each in shown] == [[one.id] for one in contents]
    assert {delivery.content.id: delivery.site.id for delivery in target.seen} == {
        content.id: site.id for content, site in zip(contents, sites, strict=True)
    }


async def test_fault_11_what_was_missed_is_handled_by_the_rule_of_its_own_site(newsroom: Newsroom) -> None:
    held, sent = (
        newsroom.scheduled(newsroom.site(catch_up=rule), at=DUE)
        for rule in (CatchUp.HOLD, CatchUp.PUBLISH_NOW)
    )
    newsroom.clock.set(DUE + timedelta(minutes=30))

    await published(newsroom.scheduler())

    assert newsroom.read(held).site_status is SiteStatus.NOT_PUBLISHED
    assert newsroom.read(sent).site_status is SiteStatus.PUBLISHED

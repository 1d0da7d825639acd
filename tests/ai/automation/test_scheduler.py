"""Runs by schedule beside the real billing and publisher: once each, on the site's clock, and never silently not."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from igny8.ai import v1 as ai

from services.ai.automation.scheduler import Scheduler
from services.ai.domain.planned_run import PlannedRun, PlannedStatus
from services.ai.domain.run import Run, RunStatus, Trigger
from services.ai.domain.stages import Stage
from services.ai.store.leases import LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import configs, runs, schedules
from services.ai.usecases import tasks as task_steps
from tests.ai.servicers.doors import Doors
from tests.ai.workshop import Workshop

# The clock of tests starts on Monday, 2 November 2026, at 09:00 UTC: ten o'clock in Rome.


def scheduler(workshop: Workshop) -> Scheduler:
    """As one more ai server has it."""
    return Scheduler(
        workshop.transactions,
        workshop.clock,
        inventory=workshop.inventory,
        preparation=workshop.preparation,
        estimator=workshop.estimator,
        owner="server",
    )


async def schedule(
    doors: Doors, workshop: Workshop, *, at: str = "11:00", **config: Any
) -> ai.AutomationConfig:
    """Plans runs of the workshop's site, a site in Rome with four keywords, at this local time."""
    await workshop.keywords()
    await workshop.publisher.put_settings(workshop.site_id, time_zone="Europe/Rome")
    return await doors.configure(enabled=True, scheduled_time=at, **config)


def planned(workshop: Workshop) -> list[PlannedRun]:
    """What became of the planned instants, oldest first."""

    def read(tx: AiTransaction) -> list[PlannedRun]:
        ids = tx.connection.exec_driver_sql("SELECT id::text FROM planned_run ORDER BY planned_at")
        return [tx.planned_runs.lock(id) for id in ids.scalars().all()]

    return workshop.run(read)


def run_of(workshop: Workshop, planned_run: PlannedRun) -> Run:
    assert planned_run.run_id is not None
    return workshop.run(
        runs.get_run, run_id=planned_run.run_id, account_id=workshop.account_id, now=workshop.clock.now()
    ).run


async def test_a_planned_run_starts_at_its_time_on_the_site_s_clock(doors: Doors, workshop: Workshop) -> None:
    config = await schedule(doors, workshop)
    assert config.next_run_at.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 2, 10, tzinfo=UTC)
    workshop.clock.advance(minutes=59)
    assert await scheduler(workshop).tick() == 0

    workshop.clock.advance(minutes=1)
    await scheduler(workshop).tick()

    [started] = planned(workshop)
    run = run_of(workshop, started)
    assert (run.status, run.trigger, run.actor) == (RunStatus.RUNNING, Trigger.SCHEDULED, "schedule")
    shown = (await doors.automation().GetRun(ai.GetRunRequest(run_id=run.id))).run
    assert shown.trigger == ai.AutomationRun.TRIGGER_SCHEDULED


async def test_of_eight_schedulers_at_the_same_instant_one_starts_the_run(
    doors: Doors, workshop: Workshop
) -> None:
    await schedule(doors, workshop)
    workshop.clock.advance(hours=1)

    for _ in range(3):
        await asyncio.gather(*(scheduler(workshop).tick() for _ in range(8)))

    assert [each.status for each in planned(workshop)] == [PlannedStatus.STARTED]
    assert workshop.told("runs") == ["started"]


async def test_runs_that_were_missed_are_one_run_on_return(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    workshop.clock.advance(days=5, hours=3)

    await scheduler(workshop).tick()
    await scheduler(workshop).tick()

    [started] = planned(workshop)
    assert (started.planned_at, started.missed) == (datetime(2026, 11, 7, 10, tzinfo=UTC), 5)
    config = (await doors.automation().GetConfig(ai.GetConfigRequest(site_id=workshop.site_id))).config
    assert config.next_run_at.ToDatetime(tzinfo=UTC) == datetime(2026, 11, 8, 10, tzinfo=UTC)


@pytest.mark.parametrize("verb", [None, runs.pause_run])
async def test_an_active_run_is_in_the_way_and_the_schedule_says_so(
    doors: Doors, workshop: Workshop, verb: Any
) -> None:
    await schedule(doors, workshop)
    active = await doors.start_run()
    if verb is not None:
        workshop.run(verb, run_id=active.id, account_id=workshop.account_id, now=workshop.clock.now())
    workshop.clock.advance(hours=1)

    await scheduler(workshop).tick()

    [skipped] = planned(workshop)
    assert (skipped.status, skipped.reason, skipped.run_id) == (
        PlannedStatus.SKIPPED,
        "RUN_ALREADY_ACTIVE",
        active.id,
    )
    said = workshop.events("runs")[-1].as_message(ai.RunSkipped)
    assert (said.planned_run.id, said.planned_run.run_id) == (skipped.id, active.id)
    listed = await doors.automation().ListPlannedRuns(ai.ListPlannedRunsRequest(site_id=workshop.site_id))
    assert [each.detail for each in listed.planned_runs] == [skipped.detail]


async def test_a_site_where_nothing_waits_is_skipped_with_that_reason(
    doors: Doors, workshop: Workshop
) -> None:
    await doors.configure(enabled=True, scheduled_time="10:00")
    workshop.clock.advance(hours=1)

    await scheduler(workshop).tick()

    assert [each.reason for each in planned(workshop)] == ["NOTHING_TO_DO"]


async def test_a_zone_that_was_changed_moves_the_run_with_the_clock(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    await workshop.publisher.put_settings(workshop.site_id, time_zone="America/New_York")
    workshop.clock.advance(hours=1)
    await scheduler(workshop).tick()
    assert planned(workshop) == []

    workshop.clock.advance(hours=6)
    await scheduler(workshop).tick()

    assert [each.planned_at.hour for each in planned(workshop)] == [16]


async def test_a_claim_whose_process_died_is_started_by_another(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    workshop.clock.advance(hours=1)
    claimed = claim(workshop)
    assert claimed is not None
    lease = workshop.run(task_steps.claim, subject_id=claimed.id, owner="dead")
    await scheduler(workshop).tick()
    assert workshop.told("runs") == []

    workshop.end_leases()
    await scheduler(workshop).tick()

    assert [each.status for each in planned(workshop)] == [PlannedStatus.STARTED]
    with pytest.raises(LeaseLost):
        start(workshop, claimed, lease)


async def test_a_claim_that_was_not_started_before_the_next_gives_way_to_it(
    doors: Doors, workshop: Workshop
) -> None:
    await schedule(doors, workshop)
    workshop.clock.advance(hours=1)
    claim(workshop)
    workshop.clock.advance(days=1)

    await scheduler(workshop).tick()

    assert [each.status for each in planned(workshop)] == [PlannedStatus.SKIPPED, PlannedStatus.STARTED]


async def test_saving_other_settings_keeps_what_is_due(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    workshop.clock.advance(hours=2)

    await schedule(doors, workshop, max_credits_per_run=50)
    await scheduler(workshop).tick()

    assert len(planned(workshop)) == 1


async def test_a_schedule_that_is_switched_off_plans_nothing(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    config = await doors.configure(enabled=False, scheduled_time="11:00")
    workshop.clock.advance(days=2)

    await scheduler(workshop).tick()

    assert planned(workshop) == []
    assert not config.HasField("next_run_at")


async def test_settings_show_the_schedule_with_its_defaults(doors: Doors) -> None:
    config = await doors.configure(enabled=True, frequency=ai.AutomationConfig.FREQUENCY_MONTHLY)

    assert (config.scheduled_time, config.scheduled_weekday, config.scheduled_month_day) == ("09:00", 1, 1)
    assert config.next_run_at.ToDatetime(tzinfo=UTC) == datetime(2026, 12, 1, 9, tzinfo=UTC)


async def test_a_site_that_is_gone_is_planned_no_more(doors: Doors, workshop: Workshop) -> None:
    await schedule(doors, workshop)
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE automation_config SET site_id = account_id")
    workshop.clock.advance(hours=1)

    await scheduler(workshop).tick()

    with workshop.transactions.engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT scheduled FROM automation_config").scalars().all()
    assert found == [False]


def claim(workshop: Workshop) -> PlannedRun | None:
    return workshop.run(
        schedules.claim_due,
        site_id=workshop.site_id,
        time_zone="Europe/Rome",
        account_id=workshop.account_id,
        now=workshop.clock.now(),
    )


def start(workshop: Workshop, planned_run: PlannedRun, lease: Any) -> None:
    config = workshop.run(configs.get_config, site_id=workshop.site_id, account_id=workshop.account_id)
    workshop.run(
        schedules.start_planned_run,
        lease=lease,
        planned_run_id=planned_run.id,
        config=config,
        models={},
        inputs={Stage.CLUSTER: []},
        now=workshop.clock.now(),
    )

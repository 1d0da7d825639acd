"""A site's automation settings and its runs, over real calls."""

import asyncio

import pytest
from igny8.ai import v1 as ai

from chassis.errors import RemoteRefusal
from chassis.identity import Role
from chassis.ids import new_id
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop


async def test_a_run_does_what_waits_and_is_read_and_listed(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()

    started = await doors.start_run()
    await workshop.work_off()

    run = (await doors.automation().GetRun(ai.GetRunRequest(run_id=started.id))).run
    assert (run.status, run.percent) == (ai.AutomationRun.STATUS_COMPLETED, 100.0)
    assert run == workshop.events("runs")[-1].as_message(ai.RunCompleted).run
    listed = await doors.automation().ListRuns(ai.ListRunsRequest(site_id=workshop.site_id))
    assert [each.id for each in listed.runs] == [run.id]
    items = await doors.automation().ListRunItems(ai.ListRunItemsRequest(run_id=run.id, stage=4))
    assert len(items.items) == run.stages[3].total
    assert all(item.ai_task_id for item in items.items)


async def test_two_starts_at_the_same_instant_are_one_run_and_a_refusal_with_its_id(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()

    answers = await asyncio.gather(*(doors.start_run() for _ in range(2)), return_exceptions=True)

    [run] = [answer for answer in answers if isinstance(answer, ai.AutomationRun)]
    [refusal] = [answer for answer in answers if isinstance(answer, RemoteRefusal)]
    assert (refusal.reason, refusal.metadata["run_id"]) == ("RUN_ALREADY_ACTIVE", run.id)


async def test_the_same_start_again_is_the_same_run(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    request_id = new_id()

    assert (await doors.start_run(request_id=request_id)).id == (
        await doors.start_run(request_id=request_id)
    ).id


async def test_a_site_where_nothing_waits_has_no_run(doors: Doors) -> None:
    with refused("NOTHING_TO_DO"):
        await doors.start_run()


async def test_a_run_with_a_model_without_a_price_is_not_started(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    await doors.configure()
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE automation_config SET image_model = 'free-1'")

    with refused("PRICE_NOT_FOUND"):
        await doors.start_run()


async def test_a_missing_image_model_does_not_stop_a_run_without_images(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()
    await doors.configure(stages=[ai.StageConfig(stage=6, enabled=False)])
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE automation_config SET image_model = 'free-1'")

    assert (await doors.start_run()).status == ai.AutomationRun.STATUS_RUNNING


async def test_a_limit_above_what_one_question_gives_is_no_error(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    await doors.configure(stages=[ai.StageConfig(stage=1, enabled=True, max_items_per_run=100_000)])

    assert (await doors.start_run()).stages[0].total == 1


async def test_a_run_is_paused_resumed_and_cancelled(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    run_id = (await doors.start_run()).id

    paused = (await doors.automation().PauseRun(ai.PauseRunRequest(run_id=run_id))).run
    resumed = (await doors.automation().ResumeRun(ai.ResumeRunRequest(run_id=run_id))).run
    cancelled = (await doors.automation().CancelRun(ai.CancelRunRequest(run_id=run_id))).run

    assert (paused.status, paused.pause_reason) == (ai.AutomationRun.STATUS_PAUSED, "user")
    assert resumed.status == ai.AutomationRun.STATUS_RUNNING
    assert cancelled.status == ai.AutomationRun.STATUS_CANCELLED


async def test_settings_have_defaults_and_show_those_of_publishing(doors: Doors, workshop: Workshop) -> None:
    await workshop.publisher.put_settings(workshop.site_id, auto_approve_content=True)

    request = ai.GetConfigRequest(site_id=workshop.site_id)
    config = (await doors.automation().GetConfig(request)).config

    assert [stage.stage for stage in config.stages] == [1, 2, 3, 4, 5, 6, 7]
    assert all(stage.enabled for stage in config.stages)
    assert config.auto_approve_content


async def test_settings_are_replaced_and_what_is_left_out_takes_the_default(doors: Doors) -> None:
    put = await doors.configure(stages=[ai.StageConfig(stage=4, enabled=False)], max_credits_per_run=500)

    assert [stage.stage for stage in put.stages if not stage.enabled] == [4]
    assert put.stages[0].batch_size == 1_000
    assert (put.max_credits_per_run, put.etag) == (500, "v1")


async def test_a_stage_that_is_given_without_saying_so_is_on_as_by_default(doors: Doors) -> None:
    put = await doors.configure(stages=[ai.StageConfig(stage=4, concurrency=7)])

    assert [(stage.concurrency, stage.enabled) for stage in put.stages if stage.stage == 4] == [(7, True)]
    assert all(stage.HasField("enabled") for stage in put.stages)


async def test_a_stage_that_is_given_twice_is_refused_by_its_field(doors: Doors, workshop: Workshop) -> None:
    stages = [ai.StageConfig(stage=4), ai.StageConfig(stage=1), ai.StageConfig(stage=4, enabled=False)]

    with refused("REQUEST_INVALID") as refusal:
        await doors.configure(stages=stages)

    assert [fault.field for fault in refusal.value.fields] == ["config.stages[2].stage"]
    assert "first in stages[0]; give it once" in refusal.value.fields[0].message
    assert (await settings(doors, workshop)).etag == "v0"


@pytest.mark.parametrize("stage", [2, 4, 5, 6, 7])
async def test_a_batch_where_the_stage_has_none_is_refused_by_its_field(doors: Doors, stage: int) -> None:
    with refused("REQUEST_INVALID") as refusal:
        await doors.configure(stages=[ai.StageConfig(stage=stage, batch_size=7)])

    assert [fault.field for fault in refusal.value.fields] == ["config.stages[0].batch_size"]
    assert "Set concurrency to do more at once" in refusal.value.fields[0].message


async def test_settings_may_be_put_back_as_they_were_read(doors: Doors, workshop: Workshop) -> None:
    await doors.configure(stages=[ai.StageConfig(stage=stage, batch_size=9) for stage in (1, 3)])
    read = await settings(doors, workshop)

    put = await doors.configure(stages=read.stages)

    assert put.stages == read.stages
    assert [stage.batch_size for stage in put.stages] == [9, 1, 9, 1, 1, 1, 1]


async def settings(doors: Doors, workshop: Workshop) -> ai.AutomationConfig:
    request = ai.GetConfigRequest(site_id=workshop.site_id)
    return (await doors.automation().GetConfig(request)).config


async def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(
    doors: Doors, workshop: Workshop
) -> None:
    first = await doors.configure(max_credits_per_run=1)
    await doors.configure(max_credits_per_run=2)
    request = ai.PutConfigRequest(
        site_id=workshop.site_id, config=ai.AutomationConfig(max_credits_per_run=3), etag=first.etag
    )

    with refused("STALE_ETAG"):
        await doors.automation().PutConfig(request)


async def test_settings_with_an_unknown_model_are_refused(doors: Doors) -> None:
    with refused("PRICE_NOT_FOUND"):
        await doors.configure(text_model="free-1")


async def test_nothing_of_another_account_is_reachable(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    run_id = (await doors.start_run()).id
    stranger = doors.automation(account_id=OTHER)

    with refused("NOT_FOUND"):
        await stranger.GetRun(ai.GetRunRequest(run_id=run_id))
    with refused("NOT_FOUND"):
        await stranger.CancelRun(ai.CancelRunRequest(run_id=run_id))
    with refused("NOT_FOUND"):
        await stranger.GetConfig(ai.GetConfigRequest(site_id=workshop.site_id))
    with refused("NOT_FOUND"):
        await stranger.StartRun(ai.StartRunRequest(site_id=workshop.site_id))
    with refused("NOT_FOUND"):
        await stranger.ListRuns(ai.ListRunsRequest(site_id=workshop.site_id))


@pytest.mark.parametrize("verb", ["StartRun", "PutConfig"])
async def test_a_viewer_changes_nothing(doors: Doors, workshop: Workshop, verb: str) -> None:
    request = getattr(ai, f"{verb}Request")(site_id=workshop.site_id)
    if verb == "PutConfig":
        request.config.SetInParent()

    with refused("PERMISSION_DENIED"):
        await getattr(doors.automation(role=Role.VIEWER), verb)(request)


async def test_runs_are_listed_by_what_started_them(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    run = await doors.start_run()

    async def listed(trigger: "ai.AutomationRun.Trigger.ValueType") -> list[str]:
        request = ai.ListRunsRequest(site_id=workshop.site_id, trigger=trigger)
        return [each.id for each in (await doors.automation().ListRuns(request)).runs]

    assert await listed(ai.AutomationRun.TRIGGER_MANUAL) == [run.id]
    assert await listed(ai.AutomationRun.TRIGGER_SCHEDULED) == []

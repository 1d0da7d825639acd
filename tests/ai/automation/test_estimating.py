"""Estimates beside the real billing and publisher, and what became of them."""

from pathlib import Path

import pytest
from igny8.ai import v1 as ai
from igny8.publisher import v1 as publisher

from chassis.ids import new_id
from chassis.testing.callers import api_key
from services.ai.domain import config as run_limits
from services.ai.domain.stages import Stage
from services.billing.domain.budget import Scope
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop

EXAMPLE = Path(__file__).parents[3] / "examples" / "keywords.csv"


async def asked(doors: Doors, workshop: Workshop) -> ai.RunEstimate:
    request = ai.EstimateRequest(site_id=workshop.site_id)
    return (await doors.automation().Estimate(request)).estimate


async def to_write(workshop: Workshop, *, words: int) -> None:
    """A task for an article of so many words."""
    text = publisher.TaskText(title=f"{words} words on compost", word_count=words)
    request = publisher.CreateTaskRequest(site_id=workshop.site_id, text=text)
    await workshop.publisher.writer().CreateTask(request)


def stops(estimate: ai.RunEstimate) -> dict[str, bool]:
    """The reasons, and whether each is certain."""
    return {stop.reason: stop.certain for stop in estimate.stops}


async def test_the_first_estimate_comes_from_quotes_and_holds_nothing(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()

    estimate = await asked(doors, workshop)

    assert [stage.stage for stage in estimate.stages] == list(range(1, 8))
    assert {stage.basis for stage in estimate.stages} == {"quote", "free"}
    assert 0 < estimate.credits_low <= estimate.credits <= estimate.credits_high
    assert (estimate.available, estimate.available_after) == (1_000, 1_000 - estimate.credits)
    assert workshop.spent == 0
    assert not estimate.HasField("seconds")


async def test_a_finished_run_shows_its_estimate_beside_what_it_took_and_teaches_the_next(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()
    estimate = await asked(doors, workshop)
    run = await doors.start_run()
    workshop.clock.advance(seconds=30)
    await workshop.work_off()
    await workshop.publisher.import_csv(workshop.site_id, "keyword\npear tree\npear pruning")

    ended = (await doors.automation().GetRun(ai.GetRunRequest(run_id=run.id))).run
    following = await asked(doors, workshop)

    assert (ended.credits_expected, ended.credits_high) == (estimate.credits, estimate.credits_high)
    assert ended.credits_used == workshop.spent > 0
    assert (run.credits_remaining, run.credits_remaining_basis) == (estimate.credits, "estimate")
    assert (ended.credits_remaining, ended.credits_remaining_basis) == (0, "estimate")
    assert [stage.credits_expected for stage in ended.stages] == [stage.credits for stage in estimate.stages]
    assert {stage.basis for stage in following.stages} == {"past_runs", "free"}
    assert (following.past_runs, following.HasField("seconds")) == (1, True)


async def test_what_each_stage_of_the_first_run_uses_lies_within_the_range_that_quotes_gave(
    doors: Doors, workshop: Workshop
) -> None:
    workshop.text.usage = None
    workshop.billing.grant(workshop.account_id, amount=30_000)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=7)
    await workshop.publisher.import_csv(workshop.site_id, EXAMPLE.read_text())
    estimate = await asked(doors, workshop)

    run = await doors.start_run()
    await workshop.work_off()

    ended = (await doors.automation().GetRun(ai.GetRunRequest(run_id=run.id))).run
    assert ended.status == ai.AutomationRun.STATUS_COMPLETED
    assert not estimate.stops
    assert [
        (stage.credits_low, used.credits_used, stage.credits_high)
        for stage, used in zip(estimate.stages, ended.stages, strict=True)
        if not stage.credits_low <= used.credits_used <= stage.credits_high
    ] == []
    assert all(stage.credits_used > 0 for stage in ended.stages if stage.stage not in (3, 7))


async def test_a_balance_below_the_hold_of_one_article_is_said_to_stop_the_run_and_does(
    doors: Doors, workshop: Workshop
) -> None:
    workshop.text.usage = None
    await workshop.publisher.task(workshop.site_id)
    workshop.billing.price()
    workshop.billing.reserve(workshop.account_id, images=920)
    estimate = await asked(doors, workshop)

    run = await doors.start_run()
    await workshop.work_off()

    (stop,) = [stop for stop in estimate.stops if stop.reason == "INSUFFICIENT_CREDITS"]
    assert (estimate.available, stop.certain, stop.scope) == (80, True, "")
    assert "Tasks to articles" in stop.detail
    assert "add credits" in stop.detail
    ended = (await doors.automation().GetRun(ai.GetRunRequest(run_id=run.id))).run
    assert (ended.status, ended.pause_reason) == (ai.AutomationRun.STATUS_PAUSED, "insufficient_credits")


@pytest.mark.parametrize("scope", [Scope.SITE_DAY, Scope.SITE_MONTH])
async def test_a_budget_of_the_site_that_does_not_cover_the_run_is_said(
    doors: Doors, workshop: Workshop, scope: Scope
) -> None:
    await workshop.publisher.task(workshop.site_id)
    workshop.billing.budget(workshop.account_id, scope=scope, target_id=workshop.site_id, credits_limit=1)

    (stop,) = (await asked(doors, workshop)).stops

    assert (stop.reason, stop.scope, stop.certain) == ("BUDGET_EXCEEDED", scope.value, True)
    assert "of 1 credits leaves 1" in stop.detail
    assert "begins anew at" in stop.detail


async def test_the_budget_of_the_key_that_asks_is_one_of_those_that_count(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.publisher.task(workshop.site_id)
    caller = api_key(account_id=workshop.account_id, key_id=new_id())
    workshop.billing.budget(
        workshop.account_id, scope=Scope.API_KEY, target_id=caller.subject, credits_limit=2
    )

    by_key = doors.served.stub(ai.AutomationServiceStub, caller=caller)
    answer = await by_key.Estimate(ai.EstimateRequest(site_id=workshop.site_id))

    assert [(stop.scope, stop.certain) for stop in answer.estimate.stops] == [("api_key", True)]
    assert not (await asked(doors, workshop)).stops


async def test_longer_articles_are_estimated_to_take_more(doors: Doors, workshop: Workshop) -> None:
    await to_write(workshop, words=500)
    short = await asked(doors, workshop)
    await to_write(workshop, words=3_500)

    both = await asked(doors, workshop)

    assert both.stages[Stage.CONTENT - 1].credits > 4 * short.stages[Stage.CONTENT - 1].credits


async def test_what_a_run_leaves_waiting_is_said_and_not_counted(
    doors: Doors, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_limits, "SNAPSHOT_INPUTS_MAX", 3)
    await workshop.keywords("compost heap", "compost bin", "raised bed soil", "raised bed wood", "mulch")

    stage = (await asked(doors, workshop)).stages[Stage.CLUSTER - 1]
    run = await doors.start_run()

    assert (stage.waiting, stage.inputs, stage.left_waiting) == (5, 3, 2)
    assert stage.note == "5 wait, and a run takes 3 of them. The other 2 are left for the next run."
    assert run.stages[Stage.CLUSTER - 1].inputs == stage.inputs


async def test_what_would_stop_a_run_is_said_before_it_starts(doors: Doors, workshop: Workshop) -> None:
    assert stops(await asked(doors, workshop)) == {"NOTHING_TO_DO": True}
    await workshop.keywords()
    estimate = await asked(doors, workshop)
    assert "NOTHING_TO_DO" not in stops(estimate)

    await doors.configure(max_credits_per_run=1)
    run = await doors.start_run()
    estimate = await asked(doors, workshop)

    assert stops(estimate)["BUDGET_EXCEEDED"]
    assert [stop.run_id for stop in estimate.stops if stop.reason == "RUN_ALREADY_ACTIVE"] == [run.id]


async def test_a_balance_that_does_not_cover_the_run_is_said(doors: Doors, workshop: Workshop) -> None:
    workshop.clock.advance(seconds=1)
    workshop.billing.price(model_name="offline-image-1", credits_per_image=900)
    ids = [await workshop.article_with_images(1) for _ in range(2)]
    assert ids

    assert stops(await asked(doors, workshop))["INSUFFICIENT_CREDITS"]


async def test_a_model_without_a_price_is_said_and_not_an_error(doors: Doors, workshop: Workshop) -> None:
    await workshop.keywords()
    await doors.configure()
    with workshop.transactions.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE automation_config SET text_model = 'free-1'")

    estimate = await asked(doors, workshop)

    assert stops(estimate)["PRICE_NOT_FOUND"]
    assert estimate.stages[Stage.CLUSTER - 1].waiting > 0


async def test_the_site_of_another_account_is_not_found(doors: Doors, workshop: Workshop) -> None:
    with refused("NOT_FOUND"):
        await doors.automation(account_id=OTHER).Estimate(ai.EstimateRequest(site_id=workshop.site_id))

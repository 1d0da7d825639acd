"""A run that an account or a budget of credits does not let go on: it stands still, says why, and loses no item."""

import pytest
from igny8.ai import v1 as ai

from services.ai.domain.run import PauseReason, Run, RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.usecases import runs
from services.billing.domain.budget import Scope
from services.billing.usecases import accounts
from tests.ai.automation.test_estimating import asked, stops
from tests.ai.automation.test_scheduler import planned, schedule, scheduler
from tests.ai.servicers.doors import Doors, refused
from tests.ai.workshop import Workshop


async def of_images(workshop: Workshop, articles: int, *, max_credits: int = 0) -> Run:
    """A run that makes one image for each of so many articles."""
    ids = [await workshop.article_with_images(1) for _ in range(articles)]
    return workshop.start(workshop.config(Stage.IMAGES, max_credits=max_credits), {Stage.IMAGES: ids})


async def resumed(workshop: Workshop, run: Run) -> Run:
    """The run when it has gone on to its end."""
    workshop.run(runs.resume_run, run_id=run.id, account_id=workshop.account_id, now=workshop.clock.now())
    await workshop.work_off()
    return workshop.read_run(run)


async def test_the_run_of_a_suspended_account_waits_with_all_its_items(workshop: Workshop) -> None:
    run = await of_images(workshop, 4)
    workshop.billing.suspended(workshop.account_id)
    await workshop.work_off()
    paused = workshop.read_run(run)
    assert (paused.status, paused.pause_reason) == (RunStatus.PAUSED, PauseReason.ACCOUNT_SUSPENDED)
    assert {item.status for item in workshop.items(run)} == {RunItemStatus.QUEUED}
    assert workshop.image.asked == []
    workshop.billing.transactions.run_sync(accounts.lift_suspension, account_id=workshop.account_id)

    ended = await resumed(workshop, run)

    assert (ended.status, ended.pause_reason, ended.pause_detail) == (RunStatus.COMPLETED, None, "")
    assert workshop.charges() == [7] * 4


async def test_no_run_of_a_suspended_account_starts_and_its_estimate_says_so(
    doors: Doors, workshop: Workshop
) -> None:
    await workshop.keywords()
    workshop.billing.suspended(workshop.account_id)

    estimate = await asked(doors, workshop)

    assert stops(estimate)["ACCOUNT_SUSPENDED"]
    assert estimate.credits > 0
    with refused("ACCOUNT_SUSPENDED"):
        await doors.start_run()
    assert workshop.told("runs") == []


async def test_a_planned_run_of_a_suspended_account_is_skipped_with_the_reason(
    doors: Doors, workshop: Workshop
) -> None:
    await schedule(doors, workshop)
    workshop.billing.suspended(workshop.account_id)
    workshop.clock.advance(hours=1)

    await scheduler(workshop).tick()

    [skipped] = planned(workshop)
    assert (skipped.reason, skipped.run_id) == ("ACCOUNT_SUSPENDED", None)


@pytest.mark.parametrize(
    ("scope", "says"),
    [(Scope.SITE_DAY, "It begins anew at 2026-11-03T00:00:00Z."), (Scope.SITE_MONTH, "It begins anew at")],
)
async def test_a_run_says_which_budget_stopped_it(
    doors: Doors, workshop: Workshop, scope: Scope, says: str
) -> None:
    workshop.billing.budget(workshop.account_id, scope=scope, target_id=workshop.site_id, credits_limit=7 * 2)
    run = await of_images(workshop, 3)

    await workshop.work_off()

    shown = (await doors.automation().GetRun(ai.GetRunRequest(run_id=run.id))).run
    assert (shown.pause_reason, shown.pause_scope) == ("budget_reached", scope.value)
    assert says in shown.pause_detail
    [told] = [event.payload["run"] for event in workshop.events("runs") if event.subject.endswith(".paused")]
    assert (told["pause_scope"], told["pause_detail"]) == (shown.pause_scope, shown.pause_detail)


async def test_a_run_that_its_own_limit_stopped_says_so_until_it_goes_on(workshop: Workshop) -> None:
    run = await of_images(workshop, 2, max_credits=10)
    await workshop.work_off()
    paused = workshop.read_run(run)
    assert (paused.pause_reason, paused.pause_scope) == (PauseReason.BUDGET_REACHED, "run")
    assert "limit of 10 credits leaves 3; this needs 7" in paused.pause_detail

    workshop.run(
        runs.resume_run,
        run_id=run.id,
        account_id=workshop.account_id,
        now=workshop.clock.now(),
        max_credits=14,
    )
    going = workshop.read_run(run)

    assert (going.pause_reason, going.pause_scope, going.pause_detail) == (None, "", "")

"""Estimates beside the real billing and publisher, and what became of them."""

from igny8.ai import v1 as ai

from services.ai.domain.stages import Stage
from tests.ai.servicers.doors import OTHER, Doors, refused
from tests.ai.workshop import Workshop


async def asked(doors: Doors, workshop: Workshop) -> ai.RunEstimate:
    request = ai.EstimateRequest(site_id=workshop.site_id)
    return (await doors.automation().Estimate(request)).estimate


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
    assert [stage.credits_expected for stage in ended.stages] == [stage.credits for stage in estimate.stages]
    assert {stage.basis for stage in following.stages} == {"past_runs", "free"}
    assert (following.past_runs, following.HasField("seconds")) == (1, True)


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

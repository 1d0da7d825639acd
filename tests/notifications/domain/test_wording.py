"""Every fact in the words that people read: numbers with units, the way out, the right severity."""

import pytest

from chassis.testing.callers import ACCOUNT_ID
from chassis.testing.clock import START
from services.notifications.convert import fact_from_proto
from services.notifications.domain.drafting import OUTPUTS_OF_STAGES
from services.notifications.domain.facts import (
    AiFunction,
    ContentScheduled,
    CreditsDepleted,
    CreditsLow,
    Fact,
    RunMove,
)
from tests.notifications.builders import (
    ARTICLE,
    INSUFFICIENT,
    after,
    credits_added,
    failed_task,
    run,
    run_skipped,
    task,
    told,
)

CLUSTER, IDEAS, ARTICLES, PROMPTS, IMAGES = AiFunction
NEXT_DAY = after(days=1)

TABLE: list[tuple[Fact, str, str, str, str]] = [
    (
        task(CLUSTER, outputs=1),
        "ai_cluster_success",
        "success",
        "1 cluster made",
        "1 cluster was made for 30 credits.",
    ),
    (
        task(IDEAS, outputs=1200, credits_used=1),
        "ai_ideas_success",
        "success",
        "1,200 ideas written",
        "1,200 ideas were written for 1 credit.",
    ),
    (
        task(ARTICLES, outputs=1),
        "ai_content_success",
        "success",
        "1 article written",
        "1 article was written for 30 credits.",
    ),
    (
        task(PROMPTS, outputs=3),
        "ai_prompts_success",
        "success",
        "3 image prompts written",
        "3 image prompts were written for 30 credits.",
    ),
    (task(IMAGES), "ai_image_success", "success", "6 images made", "6 images were made for 30 credits."),
    (
        task(IMAGES, items_failed=2),
        "ai_image_success",
        "warning",
        "6 images made, 2 failed",
        "6 images were made for 30 credits. 2 items failed and cost nothing; you can run them again.",
    ),
    (
        task(IMAGES, items_failed=1),
        "ai_image_success",
        "warning",
        "6 images made, 1 failed",
        "6 images were made for 30 credits. 1 item failed and cost nothing; you can run it again.",
    ),
    (
        task(IMAGES, outputs=0, credits_used=0),
        "ai_image_success",
        "success",
        "No images made",
        "There was nothing new to make; 0 credits used.",
    ),
    (
        failed_task(CLUSTER),
        "ai_cluster_failed",
        "error",
        "Clusters could not be made",
        f"{INSUFFICIENT}. Add credits, then start it again. Nothing was charged.",
    ),
    (
        failed_task(IDEAS, reason="MODEL_UNPRICED", error="The model has no price. Ask for one."),
        "ai_ideas_failed",
        "error",
        "Ideas could not be written",
        "The model has no price. Ask for one. Nothing was charged.",
    ),
    (
        failed_task(ARTICLES, reason="", error=""),
        "ai_content_failed",
        "error",
        "Articles could not be written",
        "The articles could not be written. Nothing was charged.",
    ),
    (
        failed_task(PROMPTS, reason="PROVIDER_FAILED", error="The provider is down"),
        "ai_prompts_failed",
        "error",
        "Image prompts could not be written",
        "The provider is down. Nothing was charged.",
    ),
    (
        failed_task(IMAGES),
        "ai_image_failed",
        "error",
        "Images could not be made",
        f"{INSUFFICIENT}. Add credits, then start it again. Nothing was charged.",
    ),
    (
        run(RunMove.STARTED),
        "automation_started",
        "info",
        "Automation started",
        "The run has started with 80 items. It may use up to 2,000 credits.",
    ),
    (
        run(RunMove.STARTED, items_total=0, max_credits=0),
        "automation_started",
        "info",
        "Automation started",
        "The run has started. It has no limit of credits.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="user"),
        "automation_paused",
        "info",
        "Automation paused",
        "The run is paused. What it made is kept; resume it whenever you like. 512 credits used so far.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="insufficient_credits"),
        "automation_paused",
        "warning",
        "Automation paused",
        "The run is paused. The account has too few credits for the next step. "
        "Add credits, then resume the run. 512 credits used so far.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="provider_key"),
        "automation_paused",
        "warning",
        "Automation paused",
        "The run is paused. The provider of a model does not accept the key it is given, or there is none. "
        "Give another, then resume the run. 512 credits used so far.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="something_newer"),
        "automation_paused",
        "warning",
        "Automation paused",
        "The run is paused. Open the run to see why, then resume it. 512 credits used so far.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="budget_reached", credits_used=1998),
        "automation_budget_reached",
        "warning",
        "Automation reached its limit of credits",
        "The run is paused: it has used 1,998 of at most 2,000 credits. Raise the limit, then resume the run.",
    ),
    (
        run(
            RunMove.PAUSED,
            pause_reason="budget_reached",
            pause_scope="site_day",
            pause_detail="The site's limit for a day of 100 credits leaves 2; this needs 7."
            " It begins anew at 2026-11-03T00:00:00Z.",
            max_credits=0,
        ),
        "automation_budget_reached",
        "warning",
        "Automation reached a limit of credits",
        "The run is paused. The site's limit for a day of 100 credits leaves 2; this needs 7."
        " It begins anew at 2026-11-03T00:00:00Z. Resume the run when there is room again. 512 credits used so far.",
    ),
    (
        run(RunMove.PAUSED, pause_reason="account_suspended"),
        "automation_paused",
        "warning",
        "Automation paused",
        "The run is paused. The account is suspended, so nothing can be spent. Contact support; resume the run when the"
        " suspension is lifted. 512 credits used so far.",
    ),
    (
        run(RunMove.RESUMED),
        "automation_resumed",
        "info",
        "Automation resumed",
        "The run goes on where it stopped. 512 credits used so far.",
    ),
    (
        run(RunMove.COMPLETED),
        "automation_completed",
        "success",
        "Automation completed",
        "The run made 12 clusters, 30 ideas, 30 articles and 90 images for 512 credits.",
    ),
    (
        run(RunMove.COMPLETED, items_failed=3, outputs_by_stage={4: 1}),
        "automation_completed",
        "warning",
        "Automation completed, 3 failed",
        "The run made 1 article for 512 credits. 3 items failed and cost nothing; open the run to see why.",
    ),
    (
        run(RunMove.COMPLETED, outputs_by_stage={}, credits_used=0),
        "automation_completed",
        "success",
        "Automation completed",
        "The run made nothing new; 0 credits used.",
    ),
    (
        run(RunMove.FAILED, error="The site was deleted", outputs_by_stage={1: 2, 2: 1}),
        "automation_failed",
        "error",
        "Automation failed",
        "The site was deleted. Kept: 2 clusters and 1 idea. 512 credits used.",
    ),
    (
        run(RunMove.CANCELLED, outputs_by_stage={}, credits_used=0),
        "automation_cancelled",
        "info",
        "Automation cancelled",
        "The run was ended before it was done. Nothing had been made. 0 credits used.",
    ),
    (
        fact_from_proto(run_skipped()),
        "automation_skipped",
        "warning",
        "Planned automation did not start",
        "The run planned for 2 November 2026 at 09:00 UTC was not started. "
        "This site already has an active run. Wait for it, or cancel it.",
    ),
    (
        fact_from_proto(run_skipped(reason="NOTHING_TO_DO")),
        "automation_skipped",
        "info",
        "Planned automation had nothing to do",
        "The run planned for 2 November 2026 at 09:00 UTC was not started. "
        "This site already has an active run. Wait for it, or cancel it.",
    ),
    (
        credits_added(),
        "credits_added",
        "success",
        "1,000 credits added",
        "The account now has 1,200 credits.",
    ),
    (
        credits_added(amount=1, available=1150),
        "credits_added",
        "success",
        "1 credit added",
        "The account now has 1,200 credits, 1,150 of them not held by work in progress.",
    ),
    (
        CreditsLow(account_id=ACCOUNT_ID, available=40, threshold=50, occurred_at=START),
        "credits_low",
        "warning",
        "Credits are running low",
        "40 credits can still be spent. Add credits before the next run.",
    ),
    (
        CreditsDepleted(account_id=ACCOUNT_ID, occurred_at=START),
        "credits_depleted",
        "error",
        "No credits left",
        "AI work is refused and runs pause until credits are added. Nothing that was made is lost.",
    ),
]


@pytest.mark.parametrize(("fact", "notification_type", "severity", "title", "message"), TABLE)
def test_a_fact_is_told_in_words(
    fact: Fact, notification_type: str, severity: str, title: str, message: str
) -> None:
    notification = told(fact)

    assert (notification.notification_type, notification.severity) == (notification_type, severity)
    assert notification.title == title
    assert notification.message == message


@pytest.mark.parametrize("function", AiFunction)
def test_success_counts_what_was_made_under_the_functions_own_name(function: AiFunction) -> None:
    metadata = told(task(function)).metadata

    assert metadata == {function.outputs_key: 6, "credits_used": 30, "tasks_processed": 6}


def test_a_failure_carries_its_reason_and_error_for_programs() -> None:
    assert told(failed_task()).metadata == {
        "images_created": 0,
        "credits_used": 0,
        "tasks_processed": 0,
        "reason": "INSUFFICIENT_CREDITS",
        "error": INSUFFICIENT,
    }


def test_a_completed_run_carries_the_number_of_everything_it_made() -> None:
    metadata = told(run(RunMove.COMPLETED)).metadata

    assert [metadata[name] for name in OUTPUTS_OF_STAGES.values()] == [12, 30, 30, 30, 90, 90, 30]


def test_an_instant_in_the_metadata_is_rfc_3339_in_utc() -> None:
    scheduled = ContentScheduled(**ARTICLE, scheduled_publish_at=NEXT_DAY, explanation="")

    assert told(scheduled).metadata["scheduled_publish_at"] == "2026-11-03T09:00:00Z"

"""What `igny8 events` prints of a run."""

import pytest
from igny8.ai import v1 as ai

from chassis.wire_json import to_dict
from suite.events import words


def test_a_run_is_a_bar_with_its_stages_credits_time_left_and_what_it_is_at() -> None:
    run = ai.AutomationRun(
        status=ai.AutomationRun.STATUS_RUNNING,
        percent=50,
        credits_used=12,
        max_credits=100,
        seconds_left=3720,
        stages=[ai.StageProgress(stage=1, name="Keywords to clusters", total=4, done=1, failed=1)],
        now=[ai.RunItem(label="20 keywords")],
    )

    line = words("runs.progressed", to_dict(ai.RunProgressed(run=run)))

    assert "██████████░░░░░░░░░░  50.0 %" in line
    assert "clusters 1/4 (1 failed)" in line
    assert "12 of 100 credits │ about 1:02:00 left │ now: 20 keywords" in line


@pytest.mark.parametrize("reason", ["user", "budget_reached"])
def test_a_paused_run_says_why(reason: str) -> None:
    run = ai.AutomationRun(status=ai.AutomationRun.STATUS_PAUSED, pause_reason=reason)

    assert f"paused ({reason})" in words("runs.paused", to_dict(ai.RunPaused(run=run)))


def test_a_planned_run_that_was_not_started_says_why() -> None:
    planned = ai.PlannedRun(detail="Another run is active.")
    planned.planned_at.FromJsonString("2026-11-02T09:00:00Z")

    line = words("runs.skipped", to_dict(ai.RunSkipped(planned_run=planned)))

    assert "planned for 2026-11-02T09:00 and not started: Another run is active." in line

"""The fold of a run's events, as a subscriber of one's own makes it."""

from datetime import timedelta
from typing import Any

import pytest

from services.ai.domain.run_fold import at, fold
from tests.ai.domain.builders import NOW

RUN: dict[str, Any] = {
    "id": "a",
    "sequence": 3,
    "status": "running",
    "created_at": NOW.isoformat(),
    "finished_at": None,
    "paused_at": None,
    "paused_seconds": 0,
    "expected_seconds": 0,
    "elapsed_seconds": 0,
    "seconds_left": None,
    "seconds_left_basis": "",
    "stages": [{"total": 4, "done": 1, "failed": 1, "skipped": 0, "expected": 0}],
}


def event(**values: Any) -> dict[str, Any]:
    return {"account_id": "b", "run": {**RUN, **values}}


def test_the_first_event_that_is_heard_tells_all_whichever_it_is() -> None:
    assert fold(None, event(sequence=7))["sequence"] == 7


def test_a_newer_event_replaces_and_an_older_or_repeated_one_changes_nothing() -> None:
    shown = fold(fold(None, event(percent=10)), event(sequence=5, percent=40))

    late = fold(fold(shown, event(sequence=4, percent=20)), event(sequence=5, percent=99))

    assert late["percent"] == 40


def test_an_event_of_another_run_is_refused() -> None:
    with pytest.raises(ValueError, match="not of a"):
        fold(fold(None, event()), event(id="z"))


def test_the_time_since_the_event_is_counted_in() -> None:
    shown = at(fold(None, event()), NOW + timedelta(seconds=60))

    assert (shown["elapsed_seconds"], shown["seconds_left"], shown["seconds_left_basis"]) == (
        60,
        60,
        "this_run",
    )


def test_a_paused_run_has_no_time_left() -> None:
    shown = at(fold(None, event(status="paused", seconds_left=5)), NOW + timedelta(seconds=60))

    assert (shown["seconds_left"], shown["seconds_left_basis"]) == (None, "")

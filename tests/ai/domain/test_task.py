"""A task log from its beginning to its end."""

from decimal import Decimal

import pytest

from chassis.refusal import Refusal, StateConflict
from services.ai.domain.function_names import FunctionName, FunctionUnknown, function_name
from services.ai.domain.task import FailedItem, Phase, TaskStatus
from services.ai.domain.task_item import Answer, ItemStatus, TaskItem
from tests.ai.domain.builders import NOW, a_task

BROKEN = FailedItem(item_id="1", label="Image 1", reason="PROVIDER_REFUSED", error="openai refused.")


class NoCredits(Refusal):
    reason = "INSUFFICIENT_CREDITS"


def an_item() -> TaskItem:
    return TaskItem(task_id="t", position=0, item_id="i", label="Image 1", input={})


def test_a_task_counts_what_each_item_made_and_cost() -> None:
    task = a_task().prepared(items=2, now=NOW).reserved("r", now=NOW)

    task = task.item_done(outputs=1, credits_used=5, cost=Decimal("0.001"), now=NOW)
    task = task.item_done(outputs=1, credits_used=5, cost=Decimal("0.001"), now=NOW)

    assert (task.items_done, task.outputs, task.credits_used, task.cost) == (2, 2, 10, Decimal("0.002"))


def test_a_new_quote_is_held_by_nothing_yet_and_the_task_still_knows_that_it_was_held_before() -> None:
    task = a_task().prepared(items=2, now=NOW).quoted("q", credits=9, now=NOW)

    again = task.reserved("r", now=NOW).quoted("q2", credits=4, now=NOW)

    assert (task.held_before, again.held_before) == (False, True)
    assert (again.quote_id, again.credits_quoted, again.reservation_id) == ("q2", 4, None)


def test_a_task_with_one_good_item_is_a_success_that_lists_its_failures() -> None:
    task = a_task().item_done(outputs=1, credits_used=5, cost=Decimal(0), now=NOW).item_failed(now=NOW)

    ended = task.finish([BROKEN], now=NOW)

    assert (ended.status, ended.phase) == (TaskStatus.SUCCESS, Phase.DONE)
    assert ended.result == {
        "tasks_processed": 1,
        "images_created": 1,
        "credits_used": 5,
        "failed_items": [
            {"item_id": "1", "label": "Image 1", "reason": "PROVIDER_REFUSED", "error": "openai refused."}
        ],
    }


def test_a_task_whose_every_item_failed_is_an_error_with_the_first_fault() -> None:
    ended = a_task().item_failed(now=NOW).finish([BROKEN], now=NOW)

    assert (ended.status, ended.reason, ended.error) == (
        TaskStatus.ERROR,
        "PROVIDER_REFUSED",
        "openai refused.",
    )
    assert ended.credits_used == 0


def test_a_task_that_is_refused_before_any_call_says_why_and_cost_nothing() -> None:
    ended = a_task().refuse(NoCredits("Insufficient credits. Required: 12, Available: 3"), now=NOW)

    assert (ended.status, ended.reason) == (TaskStatus.ERROR, "INSUFFICIENT_CREDITS")
    assert ended.error == "Insufficient credits. Required: 12, Available: 3"
    assert ended.result["images_created"] == 0


@pytest.mark.parametrize("function", list(FunctionName))
def test_every_function_has_a_name_at_billing_and_a_count_of_its_own(function: FunctionName) -> None:
    assert function.operation_type
    assert function.outputs_key.endswith("_created")


def test_an_unknown_function_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FunctionUnknown, match=r"write_poem\. Known: cluster_keywords"):
        function_name("write_poem")


def test_a_repair_pays_for_both_answers() -> None:
    first = Answer(data=b"{", media_type="application/json", input_tokens=100, output_tokens=10)
    second = Answer(data=b"{}", media_type="application/json", input_tokens=120, output_tokens=20)

    item = an_item().answered(first).answered(second, repair=True)

    assert item.repaired
    assert item.answer is not None
    assert (item.answer.data, item.answer.input_tokens, item.answer.output_tokens) == (b"{}", 220, 30)


def test_a_finished_item_no_longer_keeps_the_answer() -> None:
    item = an_item().answered(Answer(data=b"png", media_type="image/png", images=1))

    done = item.done({"outputs": 1}, credits_used=5, cost=Decimal("0.001"))

    assert done.status is ItemStatus.DONE
    assert done.answer is None


def test_a_task_that_was_stopped_before_everything_was_done_is_cancelled() -> None:
    task = a_task().prepared(items=2, now=NOW).item_failed(now=NOW).cancel(now=NOW)

    ended = task.finish([BROKEN], now=NOW)

    assert (ended.status, ended.phase, ended.error) == (TaskStatus.CANCELLED, Phase.DONE, "")
    assert ended.cancel(now=NOW) == ended


def test_a_task_that_was_stopped_before_it_was_prepared_is_cancelled() -> None:
    assert a_task().cancel(now=NOW).finish([], now=NOW).status is TaskStatus.CANCELLED


def test_a_task_that_had_done_everything_is_no_longer_cancelled() -> None:
    task = a_task().prepared(items=1, now=NOW).cancel(now=NOW)

    done = task.item_done(outputs=1, credits_used=5, cost=Decimal(0), now=NOW)

    assert done.finish([], now=NOW).status is TaskStatus.SUCCESS


def test_a_task_that_has_ended_otherwise_cannot_be_cancelled() -> None:
    with pytest.raises(StateConflict):
        a_task().finish([], now=NOW).cancel(now=NOW)

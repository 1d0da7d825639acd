"""Handing items out: fair between accounts, exact within a budget, and no dearer for a large run than for a small one."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from chassis.reading import Reading
from chassis.testing.callers import ACCOUNT_ID
from services.ai.domain.run import CreditsTied, PauseReason, Run, RunBudgetExceeded, RunStatus
from services.ai.domain.run_item import RunItemStatus
from services.ai.domain.stages import Stage
from services.ai.store.run_sheets import AROUND, HANDED_OUT_MAX, WAITING
from services.ai.usecases.planning import AHEAD_MAX
from services.ai.usecases.run_steps import Begun
from tests.ai.runs import Desk

IDEAS = Stage.IDEAS


def work_off(desk: Desk, *, workers: int, until: Callable[[], bool]) -> list[str]:
    """So many workers at one queue, first come first served; gives the ended items in order."""
    queue: deque[str] = deque()
    taken = 0
    busy: deque[Begun] = deque()
    ended: list[str] = []
    while not until():
        jobs = desk.jobs()
        queue.extend(jobs[taken:])
        taken = len(jobs)
        while queue and len(busy) < workers:
            busy.append(desk.begin(queue.popleft()))
        finished = busy.popleft()
        desk.end(finished)
        ended.append(finished.item.id)
    return ended


def test_a_run_of_ten_items_does_not_wait_for_another_account_s_run_of_thousands(desk: Desk) -> None:
    desk.start(clusters=1_000, concurrency=64)
    small = desk.start(clusters=10, concurrency=4, site_id=new_id(), account_id=new_id())

    ended = work_off(desk, workers=8, until=lambda: desk.read(small).status is RunStatus.COMPLETED)

    own = {item.id for item in desk.items(small)}
    assert sum(item not in own for item in ended) <= 5 * AHEAD_MAX


def test_many_sites_of_one_account_do_not_get_more_than_its_share(desk: Desk) -> None:
    for _ in range(6):
        desk.start(clusters=100, concurrency=64, site_id=new_id())

    assert len(desk.jobs()) <= AHEAD_MAX + sum(AHEAD_MAX // running for running in range(2, 7))


def test_every_item_that_is_begun_makes_room_for_the_next_up_to_the_concurrency(desk: Desk) -> None:
    run = desk.start(clusters=40, concurrency=20)
    assert len(desk.jobs()) == AHEAD_MAX

    begun = [desk.begin(desk.jobs()[number]) for number in range(20)]

    assert len(begun) == len(desk.jobs()) == desk.read(run).progress(IDEAS).in_flight == 20


def test_a_budget_of_a_hundred_is_used_to_ninety_eight_although_eight_quotes_at_once_exceed_it(
    desk: Desk,
) -> None:
    run = desk.start(clusters=20, concurrency=8, max_credits=100)

    spent = spend(desk, run, quoted=7, used=7)

    assert spent == desk.read(run).credits_used == 98
    assert desk.read(run).status is RunStatus.PAUSED


@pytest.mark.parametrize(("quoted", "used", "spends"), [(40, 7, 63), (30, 9, 72), (100, 1, 1), (7, 5, 95)])
def test_a_run_pauses_only_when_what_it_has_not_spent_cannot_cover_the_next_quote(
    desk: Desk, quoted: int, used: int, spends: int
) -> None:
    run = desk.start(clusters=25, concurrency=8, max_credits=100)

    assert spend(desk, run, quoted=quoted, used=used) == spends
    assert desk.read(run).pause_reason is PauseReason.BUDGET_REACHED
    assert 100 - spends < quoted


def test_items_that_wait_for_credits_are_handed_out_only_as_far_as_these_reach(desk: Desk) -> None:
    run = desk.start(clusters=20, concurrency=4, max_credits=100)
    first, second, third, fourth = (desk.begin(job) for job in desk.jobs())
    desk.admit(first, 45)
    desk.admit(second, 45)
    for begun in (third, fourth):
        with pytest.raises(CreditsTied):
            desk.admit(begun, 45)
        desk.put_off(begun, 45)
    assert len(desk.jobs()) == 4

    desk.end(first, credits_used=5)

    assert len(desk.jobs()) == 5
    assert desk.read(run).status is RunStatus.RUNNING


def test_an_item_that_was_put_off_keeps_its_execution_and_its_attempts(desk: Desk) -> None:
    run = desk.start(clusters=2, concurrency=2, max_credits=10)
    first, second = (desk.begin(job) for job in desk.jobs())
    desk.admit(first, 10)

    desk.put_off(second, 10)

    item = desk.items(run)[1]
    assert (item.status, item.attempts, item.ai_task_id) == (RunItemStatus.QUEUED, 0, second.item.ai_task_id)


def test_an_account_that_has_too_few_credits_for_two_at_once_does_them_one_after_the_other(
    desk: Desk,
) -> None:
    run = desk.start(clusters=3, concurrency=3)
    first, second, third = (desk.begin(job) for job in desk.jobs())
    desk.admit(first, 40)
    for begun in (second, third):
        with pytest.raises(CreditsTied):
            desk.refused_by_billing(begun, 40)
        desk.put_off(begun, 40)
    assert len(desk.jobs()) == 3

    desk.end(first, credits_used=7)

    assert len(desk.jobs()) == 4
    assert desk.read(run).status is RunStatus.RUNNING


def test_billing_s_refusal_is_final_when_no_item_of_the_run_holds_anything(desk: Desk) -> None:
    desk.start(clusters=1)

    desk.refused_by_billing(desk.begin(desk.jobs()[0]), 40)


def test_resuming_forgets_that_credits_were_scarce(desk: Desk) -> None:
    run = desk.start(clusters=9, concurrency=4, max_credits=10)
    first, second, *_ = (desk.begin(job) for job in desk.jobs())
    desk.admit(first, 10)
    desk.put_off(second, 10)
    desk.pause(run)

    assert desk.resume(run).progress(IDEAS).credits_awaited == 0


READS: dict[str, tuple[Reading, dict[str, Any]]] = {
    "around": (AROUND, {}),
    "waiting": (
        WAITING,
        {"account_id": ACCOUNT_ID, "stages": [int(stage) for stage in Stage], "most": HANDED_OUT_MAX},
    ),
}


@pytest.mark.parametrize("name", READS)
def test_what_every_change_reads_comes_in_the_order_of_an_index(desk: Desk, name: str) -> None:
    run = desk.start(clusters=2_000)
    reading, parameters = READS[name]

    plan = explained(desk, reading, {"run_id": run.id, **parameters})

    assert plan.count("Index Scan using") + plan.count("Index Only Scan using") == len(reading.queries)
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


def explained(desk: Desk, reading: Reading, parameters: dict[str, Any]) -> str:
    """How PostgreSQL does what the store executes."""
    with desk.transactions.engine.connect() as connection:
        # Costs of so few rows say little; the question is whether an index can give rows and order at all.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        [executed] = reading.statements(connection)
        rows = connection.exec_driver_sql(f"EXPLAIN {executed}", parameters).scalars()
        return "\n".join(rows)


def spend(desk: Desk, run: Run, *, quoted: int, used: int) -> int:
    """Eight workers at the run until it stands still; each item may spend `quoted` and spends `used`."""
    taken, spent = 0, 0
    holding: deque[Begun] = deque()
    while desk.read(run).status is not RunStatus.PAUSED:
        for job in desk.jobs()[taken:]:
            taken += 1
            begun = desk.try_begin(job)
            if begun is None:
                continue
            try:
                desk.admit(begun, quoted)
            except CreditsTied:
                desk.put_off(begun, quoted)
            except RunBudgetExceeded:
                desk.hold_up(begun, PauseReason.BUDGET_REACHED)
            else:
                holding.append(begun)
        if holding:
            desk.end(holding.popleft(), credits_used=used)
            spent += used
        assert desk.held() + spent <= 100
    return spent

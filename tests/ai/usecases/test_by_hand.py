"""Work by hand in the queue: few jobs of an account ahead, however much it asks for, so that others do not wait."""

from collections import deque

from chassis.ids import new_id
from chassis.testing.callers import ACCOUNT_ID
from services.ai.domain.run import RunStatus
from services.ai.domain.task import AiTask
from services.ai.usecases import by_hand
from services.ai.usecases import tasks as task_steps
from services.ai.usecases.planning import AHEAD_MAX
from tests.ai.domain.builders import a_task
from tests.ai.runs import Desk


def asked_for(desk: Desk, count: int, *, account_id: str = ACCOUNT_ID) -> list[str]:
    """The ids of so many executions that somebody has started."""
    tasks = [
        a_task(id=new_id(), account_id=account_id, created_at=desk.now, updated_at=desk.now)
        for _ in range(count)
    ]
    for task in tasks:
        lease = desk.run(task_steps.start_task, task=task, owner="a server")
        desk.run(by_hand.hand_out_task, lease=lease, task=task, now=desk.now)
    return [task.id for task in tasks]


def take(desk: Desk, task_id: str) -> AiTask:
    task, _ = desk.run(by_hand.take_task, task_id=task_id, owner="a worker", now=desk.now)
    assert isinstance(task, AiTask)
    return task


def test_however_much_is_asked_for_few_jobs_wait_and_each_that_is_begun_makes_room(desk: Desk) -> None:
    ids = asked_for(desk, 12)
    assert desk.jobs() == ids[:AHEAD_MAX]

    for task_id in ids:
        take(desk, task_id)

    assert desk.jobs() == ids


def test_jobs_of_runs_and_by_hand_are_counted_together_and_one_by_hand_always_waits(desk: Desk) -> None:
    desk.start(clusters=20, concurrency=20)
    of_runs = desk.jobs()
    assert len(of_runs) == AHEAD_MAX

    ids = asked_for(desk, 3)

    assert desk.jobs()[len(of_runs) :] == ids[:1]


def test_work_that_had_its_turn_waits_behind_what_came_meanwhile(desk: Desk) -> None:
    [bulk] = asked_for(desk, 1)
    _, lease = desk.run(by_hand.take_task, task_id=bulk, owner="a worker", now=desk.now)
    [other] = asked_for(desk, 1, account_id=new_id())

    desk.run(by_hand.hand_back, lease=lease, task_id=bulk, now=desk.now)

    assert desk.jobs() == [bulk, other, bulk]
    assert take(desk, bulk).attempts == 1


def test_a_run_of_ten_items_does_not_wait_for_what_another_account_asked_for_by_hand(desk: Desk) -> None:
    bulk = set(asked_for(desk, 60))
    small = desk.start(clusters=10, concurrency=4, site_id=new_id(), account_id=new_id())
    queue: deque[str] = deque()
    taken = begun_by_hand = 0

    while desk.read(small).status is not RunStatus.COMPLETED:
        jobs = desk.jobs()
        queue.extend(jobs[taken:])
        taken = len(jobs)
        job = queue.popleft()
        if job in bulk:
            take(desk, job)
            begun_by_hand += 1
        else:
            desk.end(desk.begin(job))

    # A queue of the account's sixty jobs would have kept it waiting for all of them.
    assert begun_by_hand <= 4 * AHEAD_MAX

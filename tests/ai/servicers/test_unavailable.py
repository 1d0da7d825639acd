"""A function that is started while billing is away: refused for now, and gone on with by whoever comes next."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from igny8.ai import v1 as ai

from chassis.ids import new_id
from chassis.refusal import ServiceUnavailable
from chassis.service_tokens import acting_for
from chassis.testing.serving import serving
from services.ai.domain.task import AiTask, TaskStatus
from services.ai.ledger import Estimate, Ledger, PinnedQuote
from services.ai.servicers.generation import GenerationServicer
from tests.ai.servicers.doors import Doors, refused
from tests.ai.workshop import Workshop


class LedgerAway(Ledger):
    """The real road to billing, which cannot be reached while `away`."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger._credits, ledger._prices)
        self.away = True

    async def quote(self, task: AiTask, estimate: Estimate) -> PinnedQuote:
        if self.away:
            raise ServiceUnavailable("billing")
        return await super().quote(task, estimate)


@pytest.fixture
def ledger(workshop: Workshop) -> LedgerAway:
    return LedgerAway(workshop.ledger)


@pytest.fixture
async def doors(workshop: Workshop, ledger: LedgerAway) -> AsyncIterator[Doors]:
    generation = GenerationServicer(
        workshop.transactions,
        workshop.clock,
        executor=workshop.executor(ledger=ledger),
        inventory=workshop.inventory,
        models=workshop.models,
        owner="server",
    )
    async with AsyncExitStack() as stack:
        with acting_for(None):
            door = (ai.add_GenerationServiceServicer_to_server, generation)
            served = await stack.enter_async_context(serving(door, service="ai", clock=workshop.clock))
        yield Doors(served, workshop)


async def test_the_call_is_refused_for_now_and_leaves_no_lease(doors: Doors, workshop: Workshop) -> None:
    ids = await workshop.keywords()

    with refused("SERVICE_UNAVAILABLE"):
        await doors.run_function("cluster_keywords", *ids, request_id=new_id())

    [task] = workshop.tasks()
    assert task.status is TaskStatus.PENDING
    assert workshop.leases() == 0


async def test_a_call_without_an_id_is_not_done_later_behind_its_repeats(
    doors: Doors, workshop: Workshop
) -> None:
    with refused("SERVICE_UNAVAILABLE"):
        await doors.run_function("cluster_keywords", *await workshop.keywords())

    assert {task.status for task in workshop.tasks()} == {TaskStatus.ERROR}
    assert workshop.leases() == 0


async def test_the_same_request_later_goes_on_with_the_same_task(
    doors: Doors, workshop: Workshop, ledger: LedgerAway
) -> None:
    ids, request_id = await workshop.keywords(), new_id()
    with refused("SERVICE_UNAVAILABLE"):
        await doors.run_function("cluster_keywords", *ids, request_id=request_id)
    [left] = workshop.tasks()
    ledger.away = False

    task = await doors.run_function("cluster_keywords", *ids, request_id=request_id)

    assert task.id == left.id
    assert task.reservation_id
    assert workshop.jobs() == [left.id]


async def test_without_a_repeat_the_sweeper_hands_it_out(
    doors: Doors, workshop: Workshop, ledger: LedgerAway
) -> None:
    with refused("SERVICE_UNAVAILABLE"):
        await doors.run_function("cluster_keywords", *await workshop.keywords(), request_id=new_id())
    ledger.away = False
    workshop.clock.advance(minutes=3)

    await workshop.sweeper().sweep()
    await workshop.task_worker().do(workshop.jobs()[0])

    assert workshop.tasks()[0].status is TaskStatus.SUCCESS
    assert workshop.spent == 2

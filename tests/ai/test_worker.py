"""Workers on the real work queue: jobs go from the outbox over NATS to whichever worker is free."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from igny8.ai import v1 as ai

from chassis.consumer import JobConsumer
from chassis.nats import Bus
from chassis.relay import Relay
from chassis.service_tokens import acting_for
from chassis.testing import until
from services.ai.automation.item_worker import ItemWorker
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import RunStatus
from services.ai.domain.stages import Stage
from services.ai.domain.task import TaskStatus
from services.ai.store.transaction import AiTransaction
from services.ai.task_worker import TaskWorker
from services.ai.usecases import by_hand
from services.ai.worker import DURABLE, Worker
from tests.ai.workshop import Workshop
from tests.kit.databases import SessionDatabase
from tests.kit.tasks import cancelled_at_the_end


@dataclass(frozen=True)
class Parts:
    """What a worker is made of."""

    item_worker: ItemWorker
    task_worker: TaskWorker

    def acting_for(self, account_id: str) -> AbstractContextManager[None]:
        return acting_for(account_id)


@asynccontextmanager
async def workers(
    workshop: Workshop, bus: Bus, database: SessionDatabase, *, count: int = 2
) -> AsyncIterator[None]:
    """A relay and so many workers of four jobs each."""
    relay = Relay(dsn=database.dsn("ai"), outbox=workshop.transactions.outbox, bus=bus)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cancelled_at_the_end(relay.run()))
        for _ in range(count):
            worker = Worker(Parts(workshop.item_worker(), workshop.task_worker()))
            consumer = JobConsumer[AiTransaction](
                name=DURABLE,
                handlers={ai.ExecuteRunItemJob: worker.run_item, ai.ExecuteTaskJob: worker.task},
                concurrency=4,
            )
            at_work = consumer.run(bus, workshop.transactions)
            await stack.enter_async_context(cancelled_at_the_end(at_work))
        yield


async def test_two_workers_share_a_run_and_do_each_item_once(
    workshop: Workshop, bus: Bus, database: SessionDatabase
) -> None:
    ids = [await workshop.article_with_images(1) for _ in range(8)]
    run = workshop.start(workshop.config(Stage.IMAGES, concurrency=8), {Stage.IMAGES: ids})

    async with workers(workshop, bus, database):
        await until(lambda: workshop.read_run(run).status is RunStatus.COMPLETED)

    assert len(workshop.image.asked) == 8
    assert workshop.charges() == [7] * 8
    assert {item.attempts for item in workshop.items(run)} == {1}


async def test_an_execution_by_hand_reaches_a_worker(
    workshop: Workshop, bus: Bus, database: SessionDatabase
) -> None:
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords())
    workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())

    async with workers(workshop, bus, database, count=1):
        await until(lambda: workshop.read_task(task.id)[0].ended)

    assert workshop.read_task(task.id)[0].status is TaskStatus.SUCCESS


async def test_workers_act_for_the_account_of_each_job(
    workshop: Workshop, bus: Bus, database: SessionDatabase
) -> None:
    task, lease = workshop.task(FunctionName.CLUSTER_KEYWORDS, *await workshop.keywords())
    workshop.run(by_hand.hand_out_task, lease=lease, task=task, now=workshop.clock.now())

    with acting_for(None):
        async with workers(workshop, bus, database, count=1):
            await until(lambda: workshop.read_task(task.id)[0].ended)

    assert workshop.spent == 2


async def test_the_stream_tells_a_run_in_order_to_whoever_listens(
    workshop: Workshop, bus: Bus, database: SessionDatabase
) -> None:
    ids = [await workshop.article_with_images(1) for _ in range(3)]
    run = workshop.start(workshop.config(Stage.IMAGES), {Stage.IMAGES: ids})
    heard: list[str] = []
    subscription = await bus.jetstream.subscribe(
        f"igny8.v1.runs.{workshop.account_id}.>", ordered_consumer=True
    )

    async def listen() -> None:
        async for message in subscription.messages:
            heard.append(message.subject.rpartition(".")[2])

    async with workers(workshop, bus, database), cancelled_at_the_end(listen()):
        await until(lambda: heard and heard[-1] == "completed")
    await subscription.unsubscribe()

    assert heard == workshop.told("runs")
    assert workshop.read_run(run).sequence == len(heard)

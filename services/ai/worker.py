"""An ai worker: takes jobs from IGNY8_JOBS and does them. Any number of them may run: `python -m services.ai.worker`."""

from contextlib import AbstractContextManager
from typing import ClassVar, Final, Protocol

from igny8.ai import v1 as ai

from chassis.consumer import JobConsumer
from chassis.consuming import Patience
from chassis.delivery import Delivery
from chassis.entry import run_service
from chassis.host import Host
from services.ai.automation.item_worker import ItemWorker
from services.ai.composition import Parts, host_of
from services.ai.settings import AiSettings
from services.ai.store.leases import LEASE_SECONDS
from services.ai.store.transaction import AiTransaction
from services.ai.task_worker import TaskWorker

COME_BACK_SECONDS: Final = 5.0
DURABLE: Final = "ai-workers"


class WorkerSettings(AiSettings):
    """A worker serves nothing but its health, on any free port."""

    service: ClassVar[str] = "ai"

    listen_addr: str = "127.0.0.1:0"


class WorkerParts(Protocol):
    """What a worker does its jobs with, each for the account the job names."""

    @property
    def item_worker(self) -> ItemWorker: ...
    @property
    def task_worker(self) -> TaskWorker: ...
    def acting_for(self, account_id: str) -> AbstractContextManager[None]: ...


class Worker:
    """Turns jobs into work."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts

    async def run_item(self, job: ai.ExecuteRunItemJob, delivery: Delivery) -> None:
        """One item of a run."""
        with self._parts.acting_for(job.account_id):
            if not await self._parts.item_worker.do(job.run_item_id):
                delivery.put_off(delay_seconds=COME_BACK_SECONDS)

    async def task(self, job: ai.ExecuteTaskJob, delivery: Delivery) -> None:
        """An execution that was started by hand."""
        with self._parts.acting_for(job.account_id):
            if not await self._parts.task_worker.do(job.task_id):
                delivery.put_off(delay_seconds=COME_BACK_SECONDS)


async def main(settings: WorkerSettings) -> None:
    """Works until it is told to end."""
    async with host_of(settings) as host:
        await work(host, settings, Parts(host, settings, role="worker"))


async def work(host: Host[AiTransaction], settings: WorkerSettings, parts: Parts) -> None:
    """Takes jobs with these parts until the host is told to end."""
    worker = Worker(parts)
    host.add_consumer(
        JobConsumer[AiTransaction](
            name=DURABLE,
            handlers={
                ai.ExecuteRunItemJob: worker.run_item,
                ai.ExecuteTaskJob: worker.task,
            },
            concurrency=settings.worker_concurrency,
            # As the lease: what a killed worker had taken and not begun is another's as soon as what it had begun.
            patience=Patience(ack_wait_seconds=LEASE_SECONDS),
            heartbeat_seconds=LEASE_SECONDS / 3,
        )
    )
    await host.run()


if __name__ == "__main__":
    run_service(WorkerSettings, main)

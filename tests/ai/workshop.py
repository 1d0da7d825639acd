"""The ai service's executor and workers beside the real billing and publisher, with models that a test scripts."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from igny8.billing import v1 as billing_proto
from igny8.publisher import v1 as publisher_proto
from sqlalchemy import select, text, update

from chassis.channel import Channels
from chassis.identity import Caller, Keyring
from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.sealing import Sealer
from chassis.service_tokens import ServiceTokens, acting_for
from chassis.testing import ManualClock, Recorded, recorded, recorded_jobs
from chassis.testing.callers import person, service
from chassis.testing.serving import SECRET_KEY, Served
from chassis.transaction import Transactions
from services.ai.automation.estimating import Estimator
from services.ai.automation.item_worker import ItemWorker
from services.ai.automation.preparation import Preparation
from services.ai.automation.sweeper import Sweeper
from services.ai.domain.config import AutomationConfig
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import Run
from services.ai.domain.run_item import RunItem
from services.ai.domain.stages import DEFAULTS, Output, Stage
from services.ai.domain.task import AiTask
from services.ai.domain.task_item import TaskItem
from services.ai.executor import Executor
from services.ai.functions.base import Function
from services.ai.functions.registry import FUNCTIONS
from services.ai.inventory import Inventory
from services.ai.ledger import Ledger, Quotes
from services.ai.model_choice import ModelChoice
from services.ai.providers.limits import Limits
from services.ai.providers.registry import Defaults, Providers
from services.ai.store import tables
from services.ai.store.leases import Lease
from services.ai.store.transaction import AiTransaction
from services.ai.task_worker import TaskWorker
from services.ai.usecases import runs
from services.ai.usecases import tasks as task_steps
from services.publisher.store.transaction import PublisherTransaction
from tests.ai.models import ImageModel, TextModel
from tests.ai.served import billing_served, publisher_served
from tests.billing.books import Billing
from tests.publisher.newsroom import Newsroom
from tests.publisher.servicers.calls import Calls

if TYPE_CHECKING:
    from igny8.publisher.v1.pipeline_service_pb2_grpc import PipelineServiceAsyncStub
    from igny8.publisher.v1.planner_service_pb2_grpc import PlannerServiceAsyncStub
    from igny8.publisher.v1.site_service_pb2_grpc import SiteServiceAsyncStub
    from igny8.publisher.v1.writer_service_pb2_grpc import WriterServiceAsyncStub

T = TypeVar("T")

TEXT_MODEL = "offline-1"
IMAGE_MODEL = "offline-image-1"


@dataclass(frozen=True)
class OfAccount(Calls):
    """Publisher's stubs, called by an account of the test's own."""

    account_id: str

    def sites(self, caller: Caller | None = None) -> "SiteServiceAsyncStub":
        return super().sites(caller or person(account_id=self.account_id))

    def planner(self, caller: Caller | None = None) -> "PlannerServiceAsyncStub":
        return super().planner(caller or person(account_id=self.account_id))

    def writer(self, caller: Caller | None = None) -> "WriterServiceAsyncStub":
        return super().writer(caller or person(account_id=self.account_id))

    def pipeline(self, caller: Caller | None = None) -> "PipelineServiceAsyncStub":
        return super().pipeline(caller or service(account_id=self.account_id))


@dataclass(kw_only=True)
class Workshop:
    """One account with a site, 1,000 credits, a text model at 100 tokens a credit and an image model at 7 credits."""

    transactions: Transactions[AiTransaction]
    clock: ManualClock
    billing: Billing
    account_id: str
    ledger: Ledger
    quotes: Quotes
    inventory: Inventory
    publisher: OfAccount
    publisher_transactions: Transactions[PublisherTransaction]
    site_id: str = ""
    text: TextModel = field(default_factory=TextModel)
    image: ImageModel = field(default_factory=ImageModel)

    # What works

    @cached_property
    def providers(self) -> Providers:
        return self.limited(Limits())

    @cached_property
    def sealer(self) -> Sealer:
        return Sealer(SECRET_KEY)

    @cached_property
    def models(self) -> ModelChoice:
        return ModelChoice(self.transactions, self.providers)

    def limited(self, limits: Limits) -> Providers:
        """The providers with other limits."""
        return Providers(
            text={"offline": self.text},
            image={"offline": self.image},
            models=self.ledger.models,
            defaults=Defaults(text_model=TEXT_MODEL, image_model=IMAGE_MODEL),
            limits={"offline": limits},
        )

    def executor(
        self,
        *,
        ledger: Ledger | None = None,
        function: Function | None = None,
        providers: Providers | None = None,
        sure_seconds: float = 0.0,
    ) -> Executor:
        """A process's executor; a test may give it another road to billing, or one function in another form. Unlike
        a real one it asks before each call whether it was cancelled."""
        return Executor(
            transactions=self.transactions,
            functions={**FUNCTIONS, function.name: function} if function else FUNCTIONS,
            providers=providers or self.providers,
            ledger=ledger or self.ledger,
            inventory=self.inventory,
            clock=self.clock,
            randomness=random.Random(1),
            sure_seconds=sure_seconds,
        )

    def item_worker(self, executor: Executor | None = None) -> ItemWorker:
        return ItemWorker(
            transactions=self.transactions,
            executor=executor or self.executor(),
            inventory=self.inventory,
            clock=self.clock,
            randomness=random.Random(1),
            owner=new_id(),
        )

    @property
    def preparation(self) -> Preparation:
        return Preparation(inventory=self.inventory, models=self.models, quotes=self.quotes)

    @property
    def estimator(self) -> Estimator:
        return Estimator(
            self.transactions,
            self.clock,
            quotes=self.quotes,
            inventory=self.inventory,
            preparation=self.preparation,
        )

    def task_worker(self, executor: Executor | None = None) -> TaskWorker:
        return TaskWorker(
            transactions=self.transactions,
            executor=executor or self.executor(),
            clock=self.clock,
            owner=new_id(),
        )

    def sweeper(self) -> Sweeper:
        return Sweeper(self.transactions, self.clock)

    # What is there

    async def keywords(self, *words: str) -> list[str]:
        """Ids of new keywords of the site."""
        listed = words or ("compost heap", "compost bin", "raised bed soil", "raised bed wood")
        await self.publisher.import_csv(self.site_id, "\n".join(["keyword", *listed]))
        return [keyword.id for keyword in await self.publisher.keywords(self.site_id)]

    async def article_with_images(self, count: int) -> str:
        """The id of an article with so many pending images."""
        content = await self.publisher.content(self.site_id, images_wanted=True)
        await self.publisher.images(content.id, count)
        return content.id

    def task(self, function: FunctionName, *ids: str, **values: Any) -> tuple[AiTask, Lease]:
        """An execution by hand, written down, with its lease."""
        model_name = IMAGE_MODEL if function.makes_images else TEXT_MODEL
        task = AiTask(
            **{
                "id": new_id(),
                "account_id": self.account_id,
                "site_id": self.site_id,
                "function_name": function,
                "model_name": model_name,
                "prompt_version": "",
                "actor": "user:1",
                "created_at": self.clock.now(),
                "updated_at": self.clock.now(),
                "payload": {
                    "task_ids": list(ids),
                    "model": model_name,
                    "max_in_article_images": 2,
                    "images_wanted": True,
                },
                **values,
            }
        )
        return task, self.run(task_steps.start_task, task=task, owner="a worker")

    def config(self, *enabled: Stage, max_credits: int = 0, **settings: int) -> AutomationConfig:
        """Settings with only these stages on; `settings` hold for each of them."""
        stages = {
            stage: replace(default, enabled=stage in enabled, **settings)
            for stage, default in DEFAULTS.items()
        }
        return AutomationConfig(
            site_id=self.site_id,
            stages=stages,
            max_credits_per_run=max_credits,
        )

    def start(self, config: AutomationConfig, inputs: dict[Stage, list[str]]) -> Run:
        """A run over these inputs, with the models of its settings, else the workshop's."""
        outputs = {stage: [Output(id=id, label="") for id in ids] for stage, ids in inputs.items()}
        return self.run(
            runs.start_run,
            account_id=self.account_id,
            config=config,
            models={
                function: (config.image_model or IMAGE_MODEL)
                if function.makes_images
                else (config.text_model or TEXT_MODEL)
                for function in FunctionName
            },
            inputs=outputs,
            actor="user:1",
            now=self.clock.now(),
        ).run

    def run(self, usecase: Callable[..., T], **kwargs: Any) -> T:
        return self.transactions.run_sync(usecase, **kwargs)

    # What is done

    async def execute(self, task: AiTask, lease: Lease, executor: Executor | None = None) -> AiTask:
        """As a worker does it."""
        at_work = executor or self.executor()
        begun = await at_work.begin(task.id, lease)
        done = begun.task if begun.task.ended else await at_work.work(begun, lease)
        return done if done.ended else await at_work.finish(done, lease)

    async def abandon(self, task: AiTask, lease: Lease, refusal: Refusal) -> AiTask:
        done = await self.executor().abandon(task.id, lease, refusal)
        return done if done.ended else await self.executor().finish(done, lease)

    async def work_off(self, worker: ItemWorker | None = None) -> None:
        """Does every job that was handed out, until there are no more."""
        at_work, done = worker or self.item_worker(), 0
        while len(jobs := self.jobs()) > done:
            for job in jobs[done:]:
                await at_work.do(job)
            done = len(jobs)

    def end_leases(self) -> None:
        """As if every worker had died longer ago than a lease lasts."""
        with self.transactions.engine.begin() as connection:
            connection.execute(update(tables.job_lease).values(until=text("now() - interval '1 second'")))

    # What came of it

    def jobs(self) -> list[str]:
        """Ids of the run items and AI tasks that were handed out, in order."""
        return [
            job.payload.get("run_item_id") or job.payload["task_id"]
            for job in recorded_jobs(self.transactions.engine)
        ]

    def events(self, domain: str) -> list[Recorded]:
        """What was announced of this domain (`runs`, `ai_tasks`), in order."""
        return [
            event
            for event in recorded(self.transactions.engine)
            if event.subject.startswith(f"igny8.v1.{domain}.")
        ]

    def told(self, domain: str) -> list[str]:
        """The names of what was announced of this domain, in order."""
        return [event.subject.rpartition(".")[2] for event in self.events(domain)]

    def read_task(self, task_id: str) -> tuple[AiTask, list[TaskItem]]:
        return self.run(task_steps.read_execution, task_id=task_id)

    def tasks(self) -> list[AiTask]:
        """All task logs, oldest first."""
        ids = select(tables.ai_task.c.id).order_by(tables.ai_task.c.id)
        with self.transactions.engine.connect() as connection:
            found = list(connection.execute(ids).scalars())
        return [self.read_task(id)[0] for id in found]

    def read_run(self, run: Run) -> Run:
        return self.run(runs.get_run, run_id=run.id, account_id=self.account_id, now=self.clock.now()).run

    def items(self, run: Run, stage: Stage | None = None) -> list[RunItem]:
        """The items of a run by stage and ordinal."""
        return self.run(_items, run_id=run.id, stage=int(stage or 0))

    def leases(self) -> int:
        with self.transactions.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM job_lease")).scalar_one())

    @property
    def spent(self) -> int:
        """Credits that left the balance; asserts that nothing is held any more."""
        balance = self.billing.balance(self.account_id)
        assert balance.reserved == 0, "a hold is left"
        return 1_000 - balance.credits

    @property
    def lost(self) -> int:
        """Credits that the account's work cost and that were not charged."""
        ((lost,),) = self.billing.rows(
            "SELECT coalesce(sum(platform_loss_credits), 0) FROM igny8_billing_creditusagelog"
            " WHERE account_id = CAST(:account_id AS uuid)",
            account_id=self.account_id,
        )
        return int(lost)

    def charges(self) -> list[int]:
        """The charged credits, oldest first."""
        lines = self.billing.lines(self.account_id)
        return [-line.amount for line in reversed(lines) if line.transaction_type.value == "deduction"]


def _items(tx: AiTransaction, *, run_id: str, stage: int) -> list[RunItem]:
    statement = select(tables.run_item.c.id).where(tables.run_item.c.run_id == run_id)
    if stage:
        statement = statement.where(tables.run_item.c.stage == stage)
    ordered = statement.order_by(tables.run_item.c.stage, tables.run_item.c.ordinal)
    return [tx.run_items.get(id) for id in tx.connection.execute(ordered).scalars().all()]


@asynccontextmanager
async def open_workshop(
    transactions: Transactions[AiTransaction],
    billing: Billing,
    newsroom: Newsroom,
    *,
    capture_beyond_hold: bool = False,
) -> AsyncIterator[Workshop]:
    """Everything running; calls of the ai service inside act for the workshop's account."""
    account_id = billing.account(credits=1_000)
    billing.text_price(model_name=TEXT_MODEL)
    billing.price(model_name=IMAGE_MODEL, credits_per_image=7)
    clock = billing.clock
    async with (
        billing_served(billing, capture_beyond_hold=capture_beyond_hold) as at_billing,
        publisher_served(newsroom) as at_publisher,
    ):
        channels = Channels(ServiceTokens(Keyring.from_secret(SECRET_KEY), "ai", clock))

        def at(served: Served, stub: Any) -> Any:
            return channels.stub(served.service, served.target, stub)

        credits = at(at_billing, billing_proto.CreditServiceStub)
        workshop = Workshop(
            transactions=transactions,
            clock=clock,
            billing=billing,
            account_id=account_id,
            ledger=Ledger(credits, at(at_billing, billing_proto.PricingServiceStub)),
            quotes=Quotes(credits, at(at_billing, billing_proto.AccountServiceStub)),
            inventory=Inventory(
                sites=at(at_publisher, publisher_proto.SiteServiceStub),
                planner=at(at_publisher, publisher_proto.PlannerServiceStub),
                writer=at(at_publisher, publisher_proto.WriterServiceStub),
                pipeline=at(at_publisher, publisher_proto.PipelineServiceStub),
            ),
            publisher=OfAccount(served=at_publisher, account_id=account_id),
            publisher_transactions=newsroom.transactions,
        )
        workshop.site_id = (await workshop.publisher.site()).id
        with acting_for(account_id):
            yield workshop
        await channels.close()

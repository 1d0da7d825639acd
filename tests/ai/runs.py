"""Runs on the database without their surroundings: a test is the worker, and says how each item ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from igny8.ai import v1 as ai
from sqlalchemy import select, text, update

from chassis.ids import new_id
from chassis.refusal import Refusal
from chassis.testing import ManualClock, recorded, recorded_jobs
from chassis.testing.callers import ACCOUNT_ID
from chassis.transaction import Transactions
from services.ai.convert import snapshot_to_proto
from services.ai.domain.config import AutomationConfig
from services.ai.domain.events import RunSnapshot
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import HeldUp, PauseReason, Run, RunStatus
from services.ai.domain.run_item import ItemResult, RunItem
from services.ai.domain.stages import DEFAULTS, Output, Stage
from services.ai.domain.task import AiTask
from services.ai.store import tables
from services.ai.store.leases import LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import run_items, run_steps, runs
from services.ai.usecases.preparing import Prepared, note_prepared
from services.ai.usecases.run_steps import Beginning, Begun, Ending

SITE = "0199eeee-0000-7000-8000-000000000001"


def ids_of(count: int) -> list[Output]:
    """So many new things that an item made."""
    return [Output(id=new_id(), label=f"made {number}") for number in range(count)]


def ending(begun: Begun, result: ItemResult) -> Ending:
    """The step with which a worker ends the item."""
    return Ending(lease=begun.lease, run_item_id=begun.item.id, result=result)


@dataclass(frozen=True)
class Desk:
    """Use cases of runs at the clock's instant."""

    transactions: Transactions[AiTransaction]
    clock: ManualClock

    @property
    def now(self) -> Any:
        return self.clock.now()

    def run(self, usecase: Any, **kwargs: Any) -> Any:
        return self.transactions.run_sync(usecase, **kwargs)

    def start(
        self,
        *,
        clusters: int = 0,
        keywords: int = 0,
        enabled: Sequence[Stage] = (Stage.IDEAS,),
        site_id: str = SITE,
        max_credits: int = 0,
        account_id: str = ACCOUNT_ID,
        **settings: int,
    ) -> Run:
        """A run over so many clusters and keywords; `settings` hold for every stage."""
        stages = {
            stage: replace(default, enabled=stage in enabled, **settings)
            for stage, default in DEFAULTS.items()
        }
        started: RunSnapshot = self.run(
            runs.start_run,
            account_id=account_id,
            config=AutomationConfig(site_id=site_id, stages=stages, max_credits_per_run=max_credits),
            models=dict.fromkeys(FunctionName, ""),
            inputs={Stage.CLUSTER: ids_of(keywords), Stage.IDEAS: ids_of(clusters)},
            actor="user:1",
            now=self.now,
        )
        return started.run

    # As a person

    def get(self, run: Run, *, account_id: str = "") -> RunSnapshot:
        found: RunSnapshot = self.run(
            runs.get_run, run_id=run.id, account_id=account_id or run.account_id, now=self.now
        )
        return found

    def read(self, run: Run) -> Run:
        return self.get(run).run

    def pause(self, run: Run, **by: str) -> Run:
        return self._steer(runs.pause_run, run, **by)

    def resume(self, run: Run, **by: Any) -> Run:
        return self._steer(runs.resume_run, run, **by)

    def cancel(self, run: Run, **by: str) -> Run:
        return self._steer(runs.cancel_run, run, **by)

    # As a worker

    def try_begin(self, run_item_id: str) -> Begun | None:
        [begun] = self.begin_together(run_item_id)
        return begun

    def move_together(self, *steps: Beginning | Ending) -> list[Begun | LeaseLost | None]:
        moved: list[Begun | LeaseLost | None] = self.run(
            run_steps.move_items, steps=steps, owner=new_id(), task_of=_no_task, now=self.now
        )
        return moved

    def begin_together(self, *run_item_ids: str) -> list[Begun | None]:
        moved = self.move_together(*(Beginning(run_item_id=id) for id in run_item_ids))
        return [each if isinstance(each, Begun) else None for each in moved]

    def begin(self, run_item_id: str) -> Begun:
        begun = self.try_begin(run_item_id)
        assert begun is not None, "the item can be begun"
        return begun

    def admit(self, begun: Begun, credits_required: int) -> None:
        """Asks the run for them, as for the hold of the item's execution."""
        [answer] = self.admit_together((begun, credits_required))
        if isinstance(answer, Refusal):
            raise answer

    def admit_together(self, *asked: tuple[Begun, int]) -> list[AiTask | Refusal]:
        answers: list[AiTask | Refusal] = self.run(_admit, asked=asked, now=self.now)
        return answers

    def end(self, begun: Begun, **result: Any) -> None:
        [lost] = self.end_together((begun, ItemResult(**result)))
        if lost is not None:
            raise lost

    def end_together(self, *endings: tuple[Begun, ItemResult]) -> list[LeaseLost | None]:
        moved = self.move_together(*(ending(begun, result) for begun, result in endings))
        return [each if isinstance(each, LeaseLost) else None for each in moved]

    def refused_by_billing(self, begun: Begun, credits_required: int) -> None:
        self.run(run_items.check_credits_tied, run_item_id=begun.item.id, credits_required=credits_required)

    def put_off(self, begun: Begun, required: int) -> None:
        self._leave(run_items.put_off, begun, required=required)

    def hold_up(self, begun: Begun, reason: PauseReason) -> None:
        self._leave(run_items.hold_up, begun, held_up=HeldUp(reason=reason))

    def forgive(self, begun: Begun) -> None:
        self._leave(run_items.forgive_attempt, begun)

    # As the world

    def set_status(self, run: Run, status: RunStatus) -> None:
        with self.transactions.engine.begin() as connection:
            connection.execute(
                update(tables.automation_run)
                .where(tables.automation_run.c.id == run.id)
                .values(status=status.value)
            )

    def end_leases(self) -> None:
        """As if every worker had died longer ago than a lease lasts."""
        with self.transactions.engine.begin() as connection:
            connection.execute(text("UPDATE job_lease SET until = now() - interval '1 second'"))

    # What came of it

    def item(self, run_item_id: str) -> RunItem:
        found: RunItem = self.run(_item, item_id=run_item_id)
        return found

    def items(self, run: Run, stage: Stage | None = None) -> list[RunItem]:
        """The items of a run by stage and ordinal."""
        columns = tables.run_item.c
        statement = (
            select(columns.id).where(columns.run_id == run.id).order_by(columns.stage, columns.ordinal)
        )
        if stage is not None:
            statement = statement.where(columns.stage == int(stage))
        with self.transactions.engine.connect() as connection:
            ids = connection.execute(statement).scalars().all()
        return [self.item(item_id) for item_id in ids]

    def leases(self) -> int:
        with self.transactions.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM job_lease")).scalar_one())

    def held(self) -> int:
        """Credits that items in flight may still spend."""
        with self.transactions.engine.connect() as connection:
            held = connection.execute(text("SELECT coalesce(sum(credits_held), 0) FROM run_item"))
            return int(held.scalar_one())

    def jobs(self) -> list[str]:
        """Ids of the items that were handed out, in order."""
        jobs = recorded_jobs(self.transactions.engine)
        return [job.payload.get("run_item_id") or job.payload["task_id"] for job in jobs]

    def told(self) -> list[str]:
        """The names of the events, in order."""
        return [event.subject.rpartition(".")[2] for event in recorded(self.transactions.engine)]

    def events(self) -> list[dict[str, Any]]:
        """The payloads of the events, in order, as a subscriber gets them."""
        return [event.payload for event in recorded(self.transactions.engine)]

    def sequences(self) -> list[int]:
        """The sequence that each event carries, in order."""
        return [event.payload["run"]["sequence"] for event in recorded(self.transactions.engine)]

    def last_event(self) -> ai.AutomationRun:
        """The run as the last event shows it."""
        last = recorded(self.transactions.engine)[-1]
        shown: ai.AutomationRun = last.as_message(getattr(ai, last.type_name.rpartition(".")[2])).run
        return shown

    def shown(self, run: Run) -> ai.AutomationRun:
        """The run as GetRun shows it."""
        return snapshot_to_proto(self.get(run))

    def _steer(self, usecase: Any, run: Run, *, account_id: str = ACCOUNT_ID, **by: Any) -> Run:
        steered: RunSnapshot = self.run(usecase, run_id=run.id, account_id=account_id, now=self.now, **by)
        return steered.run

    def _leave(self, usecase: Any, begun: Begun, **facts: Any) -> None:
        self.run(usecase, lease=begun.lease, run_item_id=begun.item.id, now=self.now, **facts)


def _admit(tx: AiTransaction, *, asked: Sequence[tuple[Begun, int]], now: Any) -> list[AiTask | Refusal]:
    steps = [
        Prepared(
            lease=begun.lease,
            task_id=_log(tx, begun.item, now=now),
            quote_id=new_id(),
            credits_quoted=credits,
            run_item_id=begun.item.id,
        )
        for begun, credits in asked
    ]
    return note_prepared(tx, steps=steps, now=now)


def _log(tx: AiTransaction, item: RunItem, *, now: Any) -> str:
    """A task log that nobody is told of."""
    task = AiTask(
        id=new_id(),
        account_id=item.account_id,
        site_id=SITE,
        run_id=item.run_id,
        function_name=FunctionName.GENERATE_IDEAS,
        model_name="",
        prompt_version="",
        actor="user:1",
        payload={},
        created_at=now,
        updated_at=now,
    )
    tx.tasks.add(task)
    return task.id


def _no_task(run: Run, item: RunItem) -> AiTask | None:
    return None


def _item(tx: AiTransaction, *, item_id: str) -> RunItem:
    return tx.run_items.get(item_id)

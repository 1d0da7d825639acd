"""What the planner costs an item of a run, whatever the run's length: handing out, beginning and ending, in the database."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import select

from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.ids import new_id
from chassis.outbox import Outbox
from chassis.transaction import Transactions
from services.ai.convert import encode
from services.ai.domain.config import AutomationConfig
from services.ai.domain.function_names import FunctionName
from services.ai.domain.run import Run
from services.ai.domain.run_item import ItemResult, RunItem, RunItemStatus
from services.ai.domain.stages import DEFAULTS, Output, Stage, StageConfig
from services.ai.store.leases import LeaseLost
from services.ai.store.tables import run_item
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import runs
from services.ai.usecases.run_steps import Beginning, Begun, Ending, move_items
from suite.embedded.postgres import EmbeddedPostgres, new_password
from tests.kit.databases import EMBEDDED, SessionDatabase

SMALL: Final = 100
LARGE: Final = 50_000
ROUNDS: Final = 5


def seconds_an_item(say: Callable[[str], None]) -> tuple[float, float]:
    """The median of an item of a short run, and of one of a long run."""
    with tempfile.TemporaryDirectory(prefix="igny8-bench-planner-") as folder:
        # Root's PostgreSQL runs as another user, who must get there.
        Path(folder).chmod(0o711)
        server = EmbeddedPostgres(Path(folder) / "postgres", password=new_password(), durable=True)
        server.start()
        database = SessionDatabase(server.dsn(), kind=EMBEDDED)
        engine = open_engine(database.dsn("ai"), service="ai", pool_size=1)
        outbox = Outbox(service="ai", encode=encode)
        transactions = Transactions(engine, AiTransaction, outbox=outbox, threads=1).within(seconds=120)
        try:
            small, large = measure(transactions, small=SMALL, large=LARGE, rounds=ROUNDS)
        finally:
            transactions.close()
            engine.dispose()
            database.close()
            server.stop()
    say(f"an item of {SMALL}: {small * 1000:.2f} ms, one of {LARGE:,}: {large * 1000:.2f} ms")
    return small, large


def measure(
    transactions: Transactions[AiTransaction], *, small: int, large: int, rounds: int
) -> tuple[float, float]:
    """Median seconds of an item of a short run and of a long one, in turns, so that both have the same machine."""
    long_run = _start(transactions, items=large)
    short: list[float] = []
    long: list[float] = []
    for _ in range(rounds):
        short_run = _start(transactions, items=small)
        count = small - small // 5
        for _ in range(count):
            short.append(_seconds(transactions, short_run))
            long.append(_seconds(transactions, long_run))
    return median(short), median(long)


def _start(transactions: Transactions[AiTransaction], *, items: int) -> Run:
    """A run over so many clusters."""
    stages = {stage: StageConfig(enabled=stage is Stage.IDEAS) for stage in DEFAULTS}
    return transactions.run_sync(
        runs.start_run,
        account_id=new_id(),
        models={FunctionName.GENERATE_IDEAS: "m"},
        config=AutomationConfig(site_id=new_id(), stages=stages, text_model="m", image_model="m"),
        inputs={Stage.IDEAS: [Output(id=new_id(), label="A cluster") for _ in range(items)]},
        actor="user:1",
        now=SystemClock().now(),
    ).run


def _seconds(transactions: Transactions[AiTransaction], run: Run) -> float:
    """What it takes to begin and to end the item of the run that was handed out, as a worker does."""
    item = transactions.run_sync(_handed_out, run_id=run.id)
    began = time.perf_counter()
    begun = _move(transactions, Beginning(run_item_id=item))
    assert isinstance(begun, Begun), "the item was handed out"
    _move(transactions, Ending(lease=begun.lease, run_item_id=item, result=ItemResult(outputs=1)))
    return time.perf_counter() - began


def _move(transactions: Transactions[AiTransaction], step: Beginning | Ending) -> Begun | LeaseLost | None:
    [moved] = transactions.run_sync(
        move_items, steps=[step], owner="bench", task_of=_no_task, now=SystemClock().now()
    )
    return moved


def _handed_out(tx: AiTransaction, *, run_id: str) -> str:
    query = (
        select(run_item.c.id)
        .where(
            run_item.c.run_id == run_id,
            run_item.c.dispatched,
            run_item.c.status == RunItemStatus.QUEUED,
        )
        .order_by(run_item.c.ordinal)
        .limit(1)
    )
    return str(tx.connection.execute(query).scalar_one())


def _no_task(run: Run, item: RunItem) -> None:
    """The benchmark is about the planner, not about the executor's log."""

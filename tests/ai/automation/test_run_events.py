"""Whatever happens to a run, its events folded up to any of them are what GetRun says at that sequence number."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from chassis.testing import until
from chassis.transaction import Transactions
from chassis.wire_json import to_dict
from services.ai import convert
from services.ai.domain.events import RunMoved
from services.ai.domain.run import Run, RunStatus
from services.ai.domain.run_fold import RunShown, at, fold
from services.ai.domain.stages import Stage
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import runs
from services.ai.usecases.retries import Retry, retry_failed_items
from tests.ai.models import REFUSED
from tests.ai.workshop import Workshop

At = tuple[str, int]
"""A run and one of its sequence numbers."""


@dataclass
class Watch:
    """What GetRun said where a run was announced, read in the same transaction, and when."""

    seen: dict[At, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)

    def transaction(self, connection: Connection) -> AiTransaction:
        """A transaction that is watched."""
        watched = Watched(connection)
        watched.watch = self
        return watched


class Watched(AiTransaction):
    """Reads a run again wherever it is announced."""

    watch: Watch

    def record(self, event: object, *, account_id: str, traceparent: str = "") -> None:
        super().record(event, account_id=account_id, traceparent=traceparent)
        if isinstance(event, RunMoved):
            now, run = event.snapshot.now_at, event.snapshot.run
            read = runs.get_run(self, run_id=run.id, account_id=account_id, now=now)
            self.watch.seen[run.id, run.sequence] = now, to_dict(convert.snapshot_to_proto(read))


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def transactions(
    transactions_for: Callable[..., Transactions[Any]], watch: Watch
) -> Transactions[AiTransaction]:
    """The ai service's, watched."""
    return transactions_for("ai", watch.transaction, encode=convert.encode, threads=8)


async def test_the_fold_of_the_events_is_what_is_read_at_every_sequence_number(
    workshop: Workshop, watch: Watch
) -> None:
    workshop.image.replies = [REFUSED, None, REFUSED]
    run = await begun(workshop, articles=8)
    working = await at_work(workshop)
    steer(workshop, runs.pause_run, run)
    await let_it_end(workshop, working)
    steer(workshop, runs.resume_run, run)
    await work_off(workshop)
    steer(workshop, retry_failed_items, run, retry=Retry())
    await work_off(workshop)
    other = await begun(workshop, articles=6)
    working = await at_work(workshop)
    steer(workshop, runs.cancel_run, other)
    await let_it_end(workshop, working)

    folded = fold_all(workshop)

    assert [workshop.read_run(each).status for each in (run, other)] == [
        RunStatus.COMPLETED,
        RunStatus.CANCELLED,
    ]
    assert set(workshop.told("runs")) >= MOVES
    assert folded.keys() == watch.seen.keys()
    assert different(folded, watch) == []


MOVES = {"started", "progressed", "pausing", "paused", "resumed", "cancelling", "cancelled", "completed"}


def fold_all(workshop: Workshop) -> dict[At, RunShown]:
    """Each run folded from its events so far, at each of them."""
    shown: dict[str, RunShown] = {}
    folded: dict[At, RunShown] = {}
    for event in workshop.events("runs"):
        run_id = event.payload["run"]["id"]
        shown[run_id] = fold(shown.get(run_id), event.payload)
        folded[run_id, shown[run_id]["sequence"]] = shown[run_id]
    return folded


def different(folded: dict[At, RunShown], watch: Watch) -> list[At]:
    """Where the fold is not what was read."""
    return [each for each, (now, read) in watch.seen.items() if at(folded[each], now) != read]


async def begun(workshop: Workshop, *, articles: int) -> Run:
    """A run that makes one image for each of so many articles, four at once."""
    ids = [await workshop.article_with_images(1) for _ in range(articles)]
    return workshop.start(workshop.config(Stage.IMAGES, concurrency=4), {Stage.IMAGES: ids})


async def at_work(workshop: Workshop) -> "asyncio.Task[None]":
    """Workers in the middle of their first calls, which wait."""
    workshop.image.gate = asyncio.Event()
    before = len(workshop.image.asked)
    working = asyncio.create_task(work_off(workshop))
    await until(lambda: len(workshop.image.asked) > before)
    workshop.clock.advance(seconds=7)
    return working


async def let_it_end(workshop: Workshop, working: "asyncio.Task[None]") -> None:
    assert workshop.image.gate is not None
    workshop.image.gate.set()
    await working
    workshop.clock.advance(seconds=5)


async def work_off(workshop: Workshop) -> None:
    """Every job that was handed out, each by a worker of its own, until there are no more."""
    done = 0
    while len(jobs := workshop.jobs()) > done:
        await asyncio.gather(*(workshop.item_worker().do(job) for job in jobs[done:]))
        done = len(jobs)


def steer(workshop: Workshop, verb: Callable[..., object], run: Run, **more: object) -> None:
    workshop.run(verb, run_id=run.id, account_id=workshop.account_id, now=workshop.clock.now(), **more)

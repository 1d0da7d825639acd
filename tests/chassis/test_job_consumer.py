"""Workers on the real NATS: each job is done by one of them, whatever is repeated, put off, slow, or deadly."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from igny8.ai import v1 as ai
from sqlalchemy import Engine

from chassis import inbox
from chassis.consumer import JobConsumer, JobHandler, PoisonHandler
from chassis.consuming import Patience
from chassis.delivery import Delivery
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.streams import JOBS_STREAM
from chassis.testing import send, until
from chassis.transaction import Transaction
from tests.chassis.consumers import IMPATIENT, Start, exists, is_empty, letters
from tests.chassis.sample import ACCOUNT

STEADY = replace(IMPATIENT, ack_wait_seconds=30.0)
"""However slow the machine is, no job comes twice that is not to."""


def jobs(
    handler: JobHandler,
    *,
    patience: Patience = STEADY,
    concurrency: int = 8,
    on_poison: PoisonHandler | None = None,
) -> JobConsumer[Transaction]:
    return JobConsumer(
        name="sample-jobs",
        handlers={ai.ExecuteRunItemJob: handler},
        heartbeat_seconds=0.2,
        patience=patience,
        concurrency=concurrency,
        on_poison=on_poison,
    )


def job(item_id: str) -> ai.ExecuteRunItemJob:
    return ai.ExecuteRunItemJob(account_id=ACCOUNT, run_item_id=item_id)


async def test_a_message_whose_handlers_died_every_time_is_buried_before_another(
    start: Start, bus: Bus, engine: Engine
) -> None:
    handled: list[Any] = []

    async def handler(message: Any, delivery: Delivery) -> None:
        handled.append(message)

    event_id = await send(bus, job("deadly"), account_id=ACCOUNT)
    worker = jobs(handler)
    await bus.jetstream.add_consumer(JOBS_STREAM, worker._config)
    subscription = await bus.jetstream.pull_subscribe_bind("sample-jobs", JOBS_STREAM)
    # What processes leave that died in every attempt: counted, and never answered.
    [message] = await subscription.fetch(1, timeout=5)
    await message.nak()
    await subscription.unsubscribe()
    with engine.begin() as connection:
        for _ in range(IMPATIENT.attempts_max - 1):
            inbox.count_attempt(connection, consumer="sample-jobs", event_id=event_id)

    await start(worker)
    [letter] = await until(lambda: letters(engine))

    assert letter.reason == "No attempt came to an end."
    assert handled == []


async def test_a_job_is_done_once_by_one_of_two_workers(start: Start, bus: Bus) -> None:
    done: list[str] = []

    async def handler(message: ai.ExecuteRunItemJob, delivery: Delivery) -> None:
        await asyncio.sleep(0)
        done.append(message.run_item_id)

    await start(jobs(handler))
    await start(jobs(handler))
    for number in range(40):
        await send(bus, job(str(number)), account_id=ACCOUNT)
    await until(lambda: len(done) == 40)
    await until(lambda: is_empty(bus, JOBS_STREAM))

    assert sorted(done, key=int) == [str(number) for number in range(40)]


async def test_a_job_published_again_after_it_was_done_is_for_its_handler_to_know(
    start: Start, bus: Bus, engine: Engine
) -> None:
    done: list[str] = []

    async def handler(message: ai.ExecuteRunItemJob, delivery: Delivery) -> None:
        done.append(message.run_item_id)

    event_id = new_id()
    await start(jobs(handler))
    await send(bus, job("once"), account_id=ACCOUNT, event_id=event_id)
    await until(lambda: is_empty(bus, JOBS_STREAM))
    # As after the loss of the whole stream: the server does not know the id any more.
    await bus.jetstream.delete_stream(JOBS_STREAM)
    await until(lambda: exists(bus, JOBS_STREAM))
    await send(bus, job("once"), account_id=ACCOUNT, event_id=event_id)
    await until(lambda: is_empty(bus, JOBS_STREAM))

    assert done == ["once", "once"]
    assert letters(engine) == []


async def test_no_more_jobs_are_at_work_than_allowed(start: Start, bus: Bus) -> None:
    at_work, most, done = 0, 0, 0
    gate = asyncio.Event()

    async def handler(message: Any, delivery: Delivery) -> None:
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        await gate.wait()
        at_work -= 1
        done += 1

    for number in range(12):
        await send(bus, job(str(number)), account_id=ACCOUNT)
    await start(jobs(handler, concurrency=3))
    await until(lambda: at_work == 3)
    gate.set()
    await until(lambda: done == 12)

    assert most == 3


async def test_a_long_job_is_kept_from_the_others_by_its_heartbeat(start: Start, bus: Bus) -> None:
    attempts: list[int] = []
    finish = asyncio.Event()

    async def handler(message: Any, delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        await finish.wait()

    await send(bus, job("long"), account_id=ACCOUNT)
    await start(jobs(handler, patience=IMPATIENT))
    await start(jobs(handler, patience=IMPATIENT))
    await until(lambda: attempts)
    # Longer than ack_wait_seconds.
    with pytest.raises(AssertionError):
        await until(lambda: len(attempts) > 1, timeout_seconds=1.8)
    finish.set()
    await until(lambda: is_empty(bus, JOBS_STREAM))

    assert attempts == [1]


async def test_a_job_that_is_put_off_again_and_again_is_not_taken_for_poison(
    start: Start, bus: Bus, engine: Engine
) -> None:
    seen: list[tuple[int, int]] = []

    async def handler(message: Any, delivery: Delivery) -> None:
        seen.append((delivery.deliveries, delivery.attempt))
        if delivery.deliveries < 3 * IMPATIENT.attempts_max:
            delivery.put_off(delay_seconds=0.02)

    await send(bus, job("later"), account_id=ACCOUNT)
    await start(jobs(handler))
    await until(lambda: is_empty(bus, JOBS_STREAM))

    assert seen == [(number, 1) for number in range(1, 10)]
    assert letters(engine) == []


async def test_a_poisonous_job_is_told_to_whoever_waits_for_it(
    start: Start, bus: Bus, engine: Engine
) -> None:
    told: list[tuple[str, str]] = []

    async def handler(message: Any, delivery: Delivery) -> None:
        raise RuntimeError("always")

    async def on_poison(message: ai.ExecuteRunItemJob, delivery: Delivery, reason: str) -> None:
        told.append((message.run_item_id, reason))

    await send(bus, job("poison"), account_id=ACCOUNT)
    await start(jobs(handler, on_poison=on_poison))
    await until(lambda: is_empty(bus, JOBS_STREAM))

    assert told == [("poison", "RuntimeError: always")]
    assert [letter.attempts for letter in letters(engine)] == [3]


async def test_a_drained_worker_gives_its_job_to_another(start: Start, bus: Bus) -> None:
    began, finished = asyncio.Event(), asyncio.Event()

    async def hang(message: Any, delivery: Delivery) -> None:
        began.set()
        await asyncio.Event().wait()

    async def finish(message: Any, delivery: Delivery) -> None:
        finished.set()

    await send(bus, job("handed on"), account_id=ACCOUNT)
    first = await start(jobs(hang))
    await began.wait()
    first.cancel()
    await asyncio.wait({first})

    await start(jobs(finish))

    await asyncio.wait_for(finished.wait(), 5)


async def test_a_worker_that_is_drained_lets_a_short_job_end(start: Start, bus: Bus, engine: Engine) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def handler(message: ai.ExecuteRunItemJob, delivery: Delivery) -> None:
        began.set()
        await go_on.wait()
        done.append(message.run_item_id)

    await send(bus, job("short"), account_id=ACCOUNT)
    worker = await start(jobs(handler, patience=Patience(drain_seconds=5.0)))
    await began.wait()
    worker.cancel()
    go_on.set()
    await asyncio.wait({worker})

    assert done == ["short"]
    assert await is_empty(bus, JOBS_STREAM)

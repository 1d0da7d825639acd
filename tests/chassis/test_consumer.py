"""Consumers on the real NATS: each message has its effect once, whatever is repeated, lost, deleted or poisonous."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from igny8.ai import v1 as ai
from igny8.billing import v1 as billing
from sqlalchemy import Engine, Row, select

from chassis.consumer import EventConsumer, JobConsumer, JobHandler, PoisonHandler
from chassis.consuming import Consumer, Patience
from chassis.delivery import Delivery
from chassis.ids import new_id
from chassis.nats import Bus
from chassis.refusal import StateConflict
from chassis.streams import EVENTS_STREAM, JOBS_STREAM
from chassis.tables import dead_letter, inbox
from chassis.testing import send, until
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import ACCOUNT, OTHER_ACCOUNT, count, granted, notes, on_granted
from tests.kit.streams import SessionNats, empty_streams
from tests.kit.tasks import cancelled_at_the_end

TxS = Transactions[Transaction]
Start = Callable[[Consumer[Transaction]], Awaitable["asyncio.Task[None]"]]

IMPATIENT = Patience(
    attempts_max=3, backoff_seconds=(0.05,), ack_wait_seconds=1.0, drain_seconds=0.2, silence_seconds_max=1.0
)


@pytest.fixture
async def start(transactions: TxS, bus: Bus) -> AsyncIterator[Start]:
    """Starts consumers, and ends them with the test."""
    tasks: list[asyncio.Task[None]] = []

    async def run(consumer: Consumer[Transaction]) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(consumer.run(bus, transactions)))
        return tasks[-1]

    yield run
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def events(
    handler: Callable[[Transaction, Any, Delivery], object] = on_granted,
) -> EventConsumer[Transaction]:
    return EventConsumer(name="sample-events", handlers={billing.CreditsGranted: handler}, patience=IMPATIENT)


def jobs(
    handler: JobHandler,
    *,
    patience: Patience = IMPATIENT,
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


async def test_an_event_has_its_effect(start: Start, bus: Bus, engine: Engine) -> None:
    await send(bus, granted("effect"), account_id=ACCOUNT)

    await start(events())

    assert await until(lambda: notes(engine)) == ["effect"]
    await until(lambda: _all_answered(bus, EVENTS_STREAM, "sample-events"))


async def test_a_redelivered_event_is_a_quiet_success(start: Start, bus: Bus, engine: Engine) -> None:
    await send(bus, granted("once"), account_id=ACCOUNT)
    await start(events())
    await until(lambda: notes(engine))
    # A durable made anew is given every message again.
    await bus.jetstream.delete_consumer(EVENTS_STREAM, "sample-events")

    await send(bus, granted("next"), account_id=ACCOUNT)

    assert await until(lambda: (found := notes(engine)) and len(found) > 1 and found) == ["once", "next"]
    await until(lambda: _all_answered(bus, EVENTS_STREAM, "sample-events"))
    assert notes(engine) == ["once", "next"]


async def test_a_failed_effect_leaves_no_inbox_row_and_is_tried_again(
    start: Start, bus: Bus, engine: Engine
) -> None:
    attempts: list[int] = []

    def fail_at_first(tx: Transaction, event: Any, delivery: Delivery) -> None:
        on_granted(tx, event, delivery)
        attempts.append(delivery.attempt)
        if len(attempts) == 1:
            raise StateConflict("Not yet.")

    await send(bus, granted("in the end"), account_id=ACCOUNT)
    await start(events(fail_at_first))

    assert await until(lambda: notes(engine)) == ["in the end"]
    assert attempts == [1, 2]


async def test_events_of_an_account_are_handled_in_their_order(
    start: Start, bus: Bus, engine: Engine
) -> None:
    for number in range(60):
        await send(bus, granted(str(number)), account_id=(ACCOUNT, OTHER_ACCOUNT)[number % 2])

    await start(events())
    await until(lambda: len(notes(engine)) == 60)

    handled = notes(engine)
    assert [each for each in handled if int(each) % 2 == 0] == [str(number) for number in range(0, 60, 2)]
    assert [each for each in handled if int(each) % 2 == 1] == [str(number) for number in range(1, 60, 2)]


async def test_an_event_that_never_succeeds_becomes_a_dead_letter(
    start: Start, bus: Bus, engine: Engine
) -> None:
    def refuse(tx: Transaction, event: Any, delivery: Delivery) -> None:
        raise StateConflict("Never.")

    sent = await send(bus, granted("poison"), account_id=ACCOUNT)
    await start(events(refuse))
    [letter] = await until(lambda: letters(engine))

    assert (letter.consumer, letter.event_id, letter.attempts) == ("sample-events", sent, 3)
    assert letter.reason == "StateConflict: Never."
    assert b"poison" in bytes(letter.payload)
    await until(lambda: _all_answered(bus, EVENTS_STREAM, "sample-events"))


@pytest.mark.parametrize("payload", [b"{", b'{"amount": "many"}', b"\xff"])
async def test_an_event_that_cannot_be_read_is_buried_at_once(
    start: Start, bus: Bus, engine: Engine, payload: bytes
) -> None:
    await send(bus, granted("x"), account_id=ACCOUNT, payload=payload)
    await start(events())

    [letter] = await until(lambda: letters(engine))

    assert letter.attempts == 1
    assert bytes(letter.payload) == payload


async def test_fields_of_a_newer_sender_are_left_aside(start: Start, bus: Bus, engine: Engine) -> None:
    payload = b'{"grant_id": "known", "invented_later": {"a": 1}}'
    await send(bus, granted("x"), account_id=ACCOUNT, payload=payload)

    await start(events())

    assert await until(lambda: notes(engine)) == ["known"]


async def test_a_message_whose_handlers_died_every_time_is_buried_before_another(
    start: Start, bus: Bus, engine: Engine
) -> None:
    handled: list[Any] = []

    async def handler(message: Any, delivery: Delivery) -> None:
        handled.append(message)

    await send(bus, job("deadly"), account_id=ACCOUNT)
    worker = jobs(handler)
    await bus.jetstream.add_consumer(JOBS_STREAM, worker._config)
    subscription = await bus.jetstream.pull_subscribe_bind("sample-jobs", JOBS_STREAM)
    for _ in range(IMPATIENT.attempts_max):
        [message] = await subscription.fetch(1, timeout=5)
        # As after a crash: never answered, so delivered again.
        await message.nak()
    await subscription.unsubscribe()

    await start(worker)
    [letter] = await until(lambda: letters(engine))

    assert letter.reason == "No attempt came to an end."
    assert handled == []


async def test_a_durable_goes_on_where_the_last_process_stopped(
    start: Start, bus: Bus, engine: Engine
) -> None:
    first = await start(events())
    await send(bus, granted("first"), account_id=ACCOUNT)
    await until(lambda: notes(engine))
    await until(lambda: _all_answered(bus, EVENTS_STREAM, "sample-events"))
    first.cancel()
    await asyncio.wait({first})
    await send(bus, granted("second"), account_id=ACCOUNT)

    await start(events())

    await until(lambda: len(notes(engine)) == 2)
    with engine.connect() as connection:
        assert count(connection, inbox) == 2


async def test_a_stream_that_was_deleted_is_made_again_with_its_durable(
    start: Start, bus: Bus, engine: Engine
) -> None:
    await start(events())
    await send(bus, granted("before"), account_id=ACCOUNT)
    await until(lambda: notes(engine))

    await bus.jetstream.delete_stream(EVENTS_STREAM)
    await until(lambda: _exists(bus, EVENTS_STREAM))
    await send(bus, granted("after"), account_id=ACCOUNT)

    assert await until(lambda: (found := notes(engine)) and len(found) > 1 and found) == ["before", "after"]


async def test_consuming_goes_on_after_nats_was_killed(transactions: TxS, engine: Engine) -> None:
    with SessionNats() as server:
        bus = await Bus.connect(server.url, name="test")
        await empty_streams(bus)
        reconnected = asyncio.Event()
        bus.on_reconnect(reconnected.set)
        async with cancelled_at_the_end(events().run(bus, transactions)):
            await send(bus, granted("before"), account_id=ACCOUNT)
            await until(lambda: notes(engine))
            server.kill()
            server.start_again()
            await asyncio.wait_for(reconnected.wait(), 10)
            await send(bus, granted("after"), account_id=ACCOUNT)

            assert await until(lambda: len(found := notes(engine)) > 1 and found) == ["before", "after"]
        await bus.close()


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
    await until(lambda: _is_empty(bus, JOBS_STREAM))

    assert sorted(done, key=int) == [str(number) for number in range(40)]


async def test_a_job_published_again_after_it_was_done_is_not_done_again(start: Start, bus: Bus) -> None:
    done: list[str] = []

    async def handler(message: ai.ExecuteRunItemJob, delivery: Delivery) -> None:
        done.append(message.run_item_id)

    event_id = new_id()
    await start(jobs(handler))
    await send(bus, job("once"), account_id=ACCOUNT, event_id=event_id)
    await until(lambda: _is_empty(bus, JOBS_STREAM))
    # As after the loss of the whole stream: the server does not know the id any more.
    await bus.jetstream.delete_stream(JOBS_STREAM)
    await until(lambda: _exists(bus, JOBS_STREAM))
    await send(bus, job("once"), account_id=ACCOUNT, event_id=event_id)
    await until(lambda: _is_empty(bus, JOBS_STREAM))

    assert done == ["once"]


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
    await start(jobs(handler))
    await start(jobs(handler))
    await until(lambda: attempts)
    # Longer than ack_wait_seconds.
    with pytest.raises(AssertionError):
        await until(lambda: len(attempts) > 1, timeout_seconds=1.8)
    finish.set()
    await until(lambda: _is_empty(bus, JOBS_STREAM))

    assert attempts == [1]


async def test_a_handler_may_ask_for_its_job_to_come_back_later(start: Start, bus: Bus) -> None:
    attempts: list[int] = []

    async def handler(message: Any, delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if delivery.attempt == 1:
            await delivery.nak(delay_seconds=0.05)

    await send(bus, job("later"), account_id=ACCOUNT)
    await start(jobs(handler))
    await until(lambda: _is_empty(bus, JOBS_STREAM))

    assert attempts == [1, 2]


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
    await until(lambda: _is_empty(bus, JOBS_STREAM))

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
    assert await _is_empty(bus, JOBS_STREAM)


def letters(engine: Engine) -> list[Row[Any]]:
    with engine.connect() as connection:
        return list(connection.execute(select(dead_letter)))


async def _all_answered(bus: Bus, stream: str, durable: str) -> bool:
    info = await bus.jetstream.consumer_info(stream, durable)
    return bool(info.num_ack_pending == 0 and info.num_pending == 0)


async def _is_empty(bus: Bus, stream: str) -> bool:
    return bool((await bus.jetstream.stream_info(stream)).state.messages == 0)


async def _exists(bus: Bus, stream: str) -> bool:
    return any(info.config.name == stream for info in await bus.jetstream.streams_info())

"""Consumers on the real NATS: each message has its effect once, whatever is repeated, lost, deleted or poisonous."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from igny8.billing import v1 as billing
from sqlalchemy import Engine

from chassis.consumer import EventConsumer
from chassis.delivery import Delivery
from chassis.nats import Bus
from chassis.refusal import StateConflict
from chassis.streams import EVENTS_STREAM
from chassis.tables import inbox
from chassis.testing import send, until
from chassis.together import ORDERS_MAX
from chassis.transaction import Transaction
from tests.chassis.consumers import IMPATIENT, Start, TxS, all_answered, exists, letters
from tests.chassis.sample import ACCOUNT, OTHER_ACCOUNT, count, granted, notes, on_granted
from tests.kit.streams import SessionNats, empty_streams
from tests.kit.tasks import cancelled_at_the_end


def events(
    handler: Callable[[Transaction, Any, Delivery], object] = on_granted, *, linger_seconds: float = 0.0
) -> EventConsumer[Transaction]:
    return EventConsumer(
        name="sample-events",
        handlers={billing.CreditsGranted: handler},
        patience=IMPATIENT,
        linger_seconds=linger_seconds,
    )


async def test_an_event_has_its_effect(start: Start, bus: Bus, engine: Engine) -> None:
    await send(bus, granted("effect"), account_id=ACCOUNT)

    await start(events())

    assert await until(lambda: notes(engine)) == ["effect"]
    await until(lambda: all_answered(bus, EVENTS_STREAM, "sample-events"))


async def test_a_redelivered_event_is_a_quiet_success(start: Start, bus: Bus, engine: Engine) -> None:
    await send(bus, granted("once"), account_id=ACCOUNT)
    await start(events())
    await until(lambda: notes(engine))
    # A durable made anew is given every message again.
    await bus.jetstream.delete_consumer(EVENTS_STREAM, "sample-events")

    await send(bus, granted("next"), account_id=ACCOUNT)

    assert await until(lambda: (found := notes(engine)) and len(found) > 1 and found) == ["once", "next"]
    await until(lambda: all_answered(bus, EVENTS_STREAM, "sample-events"))
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


async def test_events_of_an_account_that_wait_are_one_transaction(
    start: Start, bus: Bus, engine: Engine
) -> None:
    transactions: list[int] = []

    def note(tx: Transaction, event: Any, delivery: Delivery) -> None:
        on_granted(tx, event, delivery)
        transactions.append(tx.connection.exec_driver_sql("SELECT txid_current()").scalar_one())

    for number in range(20):
        await send(bus, granted(str(number)), account_id=ACCOUNT)
    await start(events(note))

    await until(lambda: len(notes(engine)) == 20)
    assert notes(engine) == [str(number) for number in range(20)]
    assert len(set(transactions)) < 20


async def test_events_that_wait_for_others_are_handled_as_soon_as_a_batch_is_full(
    start: Start, bus: Bus, engine: Engine
) -> None:
    transactions: list[int] = []

    def note(tx: Transaction, event: Any, delivery: Delivery) -> None:
        on_granted(tx, event, delivery)
        transactions.append(tx.connection.exec_driver_sql("SELECT txid_current()").scalar_one())

    for number in range(ORDERS_MAX):
        await send(bus, granted(str(number)), account_id=ACCOUNT)
    # Longer than the test takes: no event is handled because its time to wait is over.
    await start(events(note, linger_seconds=3600.0))

    await until(lambda: len(notes(engine)) == ORDERS_MAX)
    assert notes(engine) == [str(number) for number in range(ORDERS_MAX)]
    assert len(set(transactions)) == 1


async def test_an_event_that_no_other_joins_does_not_wait_for_ever(
    start: Start, bus: Bus, engine: Engine
) -> None:
    await send(bus, granted("alone"), account_id=ACCOUNT)

    await start(events(linger_seconds=0.05))

    assert await until(lambda: notes(engine)) == ["alone"]


async def test_one_that_fails_takes_none_down_that_it_is_handled_with(
    start: Start, bus: Bus, engine: Engine
) -> None:
    def refuse_seven(tx: Transaction, event: Any, delivery: Delivery) -> None:
        on_granted(tx, event, delivery)
        if event.grant_id == "7":
            raise StateConflict("Never.")

    for number in range(20):
        await send(bus, granted(str(number)), account_id=ACCOUNT)
    await start(events(refuse_seven))

    [letter] = await until(lambda: letters(engine))
    assert b'"7"' in bytes(letter.payload)
    await until(lambda: len(notes(engine)) == 19)
    assert sorted(notes(engine), key=int) == [str(number) for number in range(20) if number != 7]


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
    await until(lambda: all_answered(bus, EVENTS_STREAM, "sample-events"))


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


async def test_a_durable_goes_on_where_the_last_process_stopped(
    start: Start, bus: Bus, engine: Engine
) -> None:
    first = await start(events())
    await send(bus, granted("first"), account_id=ACCOUNT)
    await until(lambda: notes(engine))
    await until(lambda: all_answered(bus, EVENTS_STREAM, "sample-events"))
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
    await until(lambda: exists(bus, EVENTS_STREAM))
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

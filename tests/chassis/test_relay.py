"""The relay on the real PostgreSQL and NATS: nothing lost, order kept within an account, whatever is killed."""

import asyncio
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, text

from chassis.nats import Bus
from chassis.outbox import Outbox
from chassis.relay import Relay
from chassis.relay_store import Pending, RelayStore
from chassis.streams import EVENTS_STREAM, JOBS_STREAM, stream_info
from chassis.testing import recorded, recorded_jobs, until
from chassis.transaction import Transaction, Transactions
from tests.chassis.sample import ACCOUNT, OTHER_ACCOUNT, SCHEMA, enqueue_item, granted, write_note
from tests.kit.streams import SessionNats, empty_streams
from tests.kit.tasks import cancelled_at_the_end

TxS = Transactions[Transaction]


@pytest.fixture
def own_nats() -> Iterator[SessionNats]:
    """A server that a test may kill."""
    with SessionNats() as server:
        yield server


async def test_an_event_is_published_soon_after_its_commit(transactions: TxS, relay: Relay, bus: Bus) -> None:
    await transactions.run(write_note, words="first")
    [message] = await stored(bus, 1)

    assert message.subject == f"igny8.v1.credits.{ACCOUNT}.granted"
    assert orjson.loads(message.data)["grant_id"] == "first"


async def test_a_message_is_a_cloud_event(transactions: TxS, relay: Relay, bus: Bus, engine: Engine) -> None:
    await transactions.run(write_note, words="first")
    [message] = await stored(bus, 1)
    [row] = await until(lambda: [each for each in recorded(engine) if each.published])

    assert message.headers["Nats-Msg-Id"] == message.headers["ce-id"] == row.event_id
    assert message.headers["ce-specversion"] == "1.0"
    assert message.headers["ce-type"] == "igny8.billing.v1.CreditsGranted"
    assert message.headers["ce-source"] == "/igny8/sample"
    assert message.headers["ce-time"].endswith("Z")
    assert message.headers["content-type"] == "application/json"


async def test_a_job_goes_to_the_work_queue(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    await transactions.run(enqueue_item, item_id="item")
    await until(lambda: [each for each in recorded_jobs(engine) if each.published])

    message = await bus.jetstream.get_msg(JOBS_STREAM, (await last_seq(bus, JOBS_STREAM)))

    assert message.subject == f"igny8.jobs.v1.{ACCOUNT}.run_item"


async def test_order_within_an_account_survives_concurrent_writers(
    transactions: TxS, relay: Relay, bus: Bus
) -> None:
    def count_on(tx: Transaction, *, account_id: str) -> None:
        # As every writer must: the aggregate's row is locked before anything is recorded.
        tx.connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:id))"), {"id": account_id})
        number = tx.connection.execute(
            text("SELECT count(*) FROM outbox WHERE account_id = CAST(:id AS uuid)"), {"id": account_id}
        ).scalar_one()
        tx.record(granted(str(number)), account_id=account_id)

    accounts = [ACCOUNT, OTHER_ACCOUNT]
    await asyncio.gather(*(transactions.run(count_on, account_id=accounts[i % 2]) for i in range(200)))
    messages = await stored(bus, 200)

    for account_id in accounts:
        of_account = [words(each) for each in messages if account_id in each.subject]
        assert of_account == [str(number) for number in range(100)]


async def test_what_a_relay_published_and_did_not_live_to_mark_is_marked_and_not_stored_twice(
    transactions: TxS, sample_dsn: str, outbox: Outbox, bus: Bus, engine: Engine
) -> None:
    await transactions.run(write_note, words="once")
    [row] = recorded(engine)
    await bus.jetstream.publish(row.subject, orjson.dumps(row.payload), headers=dict(row.headers))

    async with cancelled_at_the_end(Relay(dsn=sample_dsn, outbox=outbox, bus=bus).run()):
        await until(lambda: all(each.published for each in recorded(engine)))

    assert [words(each) for each in await stored(bus, 1)] == ["once"]


async def test_kills_in_the_middle_lose_nothing_repeat_nothing_and_keep_the_order(
    transactions: TxS, sample_dsn: str, bus: Bus, nats_server: SessionNats, engine: Engine
) -> None:
    accounts = [ACCOUNT, OTHER_ACCOUNT]

    def write(tx: Transaction) -> None:
        tx.record_many((granted(str(number)), accounts[number % 2]) for number in range(4000))

    await transactions.run(write)
    for publishes in (700, 1100):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chassis.relay_process", sample_dsn, nats_server.url),
            str(publishes),
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        assert await process.wait() == -signal.SIGKILL
    assert not all(each.published for each in recorded(engine))

    async with cancelled_at_the_end(
        Relay(dsn=sample_dsn, outbox=Outbox(service=SCHEMA, encode=_never), bus=bus).run()
    ):
        await until(lambda: asyncio.to_thread(all_published, engine), timeout_seconds=60)

    messages = await stored(bus, 4000)
    for start, account_id in enumerate(accounts):
        of_account = [words(each) for each in messages if account_id in each.subject]
        assert of_account == [str(number) for number in range(start, 4000, 2)]


async def test_the_standby_takes_over_when_the_leader_goes(
    transactions: TxS, sample_dsn: str, bus: Bus, engine: Engine
) -> None:
    leader_outbox, standby_outbox = (Outbox(service=SCHEMA, encode=_never) for _ in range(2))
    leader = asyncio.create_task(Relay(dsn=sample_dsn, outbox=leader_outbox, bus=bus).run())
    await transactions.run(write_note, words="by the leader")
    await stored(bus, 1)

    async with cancelled_at_the_end(Relay(dsn=sample_dsn, outbox=standby_outbox, bus=bus).run()):
        leader.cancel()
        await transactions.run(write_note, words="by the standby")
        messages = await stored(bus, 2)

    assert [words(each) for each in messages] == ["by the leader", "by the standby"]


async def test_a_commit_beside_a_relay_that_stands_by_wakes_the_one_that_leads(
    transactions: TxS, sample_dsn: str, outbox: Outbox, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The leader would look by itself only after a minute, so whatever is published sooner it was woken for.
    monkeypatch.setattr("chassis.relay.BUSY_SECONDS", 0.0)
    monkeypatch.setattr("chassis.relay.POLL_IDLE_SECONDS", 60.0)
    leader = Relay(dsn=sample_dsn, outbox=Outbox(service=SCHEMA, encode=_never), bus=bus)
    await transactions.run(write_note, words="before anybody leads")
    async with cancelled_at_the_end(leader.run()):
        await stored(bus, 1)
        async with cancelled_at_the_end(Relay(dsn=sample_dsn, outbox=outbox, bus=bus).run()):
            began = time.monotonic()
            await transactions.run(write_note, words="beside the one that stands by")

            messages = await stored(bus, 2)

    assert words(messages[1]) == "beside the one that stands by"
    assert time.monotonic() - began < 30


async def test_a_relay_whose_session_is_ended_leads_again(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    await transactions.run(write_note, words="before")
    await stored(bus, 1)
    with engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        )

    await transactions.run(write_note, words="after")

    assert [words(each) for each in await stored(bus, 2)] == ["before", "after"]


async def test_one_account_that_fails_does_not_stop_the_others(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    def write_broken(tx: Transaction) -> None:
        tx.record(granted("bad"), account_id=ACCOUNT)
        tx.record(granted("behind it"), account_id=ACCOUNT)
        tx.record(granted("good"), account_id=OTHER_ACCOUNT)
        tx.write_outbox(transactions.outbox)
        # A subject that no stream takes.
        tx.connection.execute(text("UPDATE outbox SET subject = 'elsewhere' WHERE payload LIKE '%bad%'"))

    await transactions.run(write_broken)
    messages = await stored(bus, 1)

    assert [words(each) for each in messages] == ["good"]
    assert [each.published for each in recorded(engine)] == [False, False, True]


async def test_a_stream_that_was_deleted_is_made_and_filled_again(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    await transactions.run(write_note, words="first")
    await transactions.run(write_note, words="second")
    await until(lambda: all(each.published for each in recorded(engine)))
    await bus.jetstream.delete_stream(EVENTS_STREAM)

    relay.reconcile_soon()

    assert [words(each) for each in await stored(bus, 2)] == ["first", "second"]


async def test_a_lost_tail_is_published_again_though_others_published_past_it(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    for number in range(10):
        await transactions.run(write_note, words=str(number))
    await until(lambda: all(each.published for each in recorded(engine)))
    # What a power cut leaves: our last four events are gone, another service's events have their places.
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE outbox SET event_id = gen_random_uuid() WHERE id > (SELECT max(id) - 4 FROM outbox)")
        )
        connection.execute(
            text("UPDATE outbox SET headers = jsonb_set(headers, '{Nats-Msg-Id}', to_jsonb(event_id::text))")
        )

    relay.reconcile_soon()
    messages = await stored(bus, 14)

    assert [words(each) for each in messages[10:]] == ["6", "7", "8", "9"]


async def test_a_tail_shorter_than_the_outbox_remembers_is_published_again(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    await transactions.run(write_note, words="lost")
    await until(lambda: all(each.published for each in recorded(engine)))
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE outbox SET stream_seq = stream_seq + 1000, event_id = gen_random_uuid()")
        )
        connection.execute(
            text("UPDATE outbox SET headers = jsonb_set(headers, '{Nats-Msg-Id}', to_jsonb(event_id::text))")
        )

    relay.reconcile_soon()

    assert [words(each) for each in await stored(bus, 2)] == ["lost", "lost"]


async def test_a_purged_stream_is_not_filled_again(
    transactions: TxS, relay: Relay, bus: Bus, engine: Engine
) -> None:
    await transactions.run(write_note, words="purged")
    await until(lambda: all(each.published for each in recorded(engine)))
    await bus.jetstream.purge_stream(EVENTS_STREAM)

    relay.reconcile_soon()
    await transactions.run(write_note, words="new")

    assert [words(each) for each in await stored(bus, 1)] == ["new"]


async def test_nothing_is_lost_when_nats_is_killed_and_comes_back(
    transactions: TxS, sample_dsn: str, outbox: Outbox, engine: Engine, own_nats: SessionNats
) -> None:
    bus = await Bus.connect(own_nats.url, name="test")
    await empty_streams(bus)
    async with cancelled_at_the_end(Relay(dsn=sample_dsn, outbox=outbox, bus=bus).run()):
        await transactions.run(write_note, words="before")
        await stored(bus, 1)
        own_nats.kill()
        await transactions.run(write_note, words="while it was away")
        own_nats.start_again()
        await transactions.run(write_note, words="after")
        await until(lambda: all(each.published for each in recorded(engine)))

        messages = await stored(bus, 3)
    await bus.close()

    assert [words(each) for each in messages] == ["before", "while it was away", "after"]


def test_rows_of_held_accounts_are_left_out(sample_dsn: str, engine: Engine, outbox: Outbox) -> None:
    with engine.begin() as connection:
        outbox.write(connection, [(granted("a"), ACCOUNT), (granted("b"), OTHER_ACCOUNT)])
    store = RelayStore(sample_dsn, service=SCHEMA)
    store.take_lead()

    rows: list[Pending] = store.unpublished(limit=10, without_accounts=[ACCOUNT])

    assert [row.account_id for row in rows] == [OTHER_ACCOUNT]
    store.close()


def all_published(engine: Engine) -> bool:
    """Asked in a thread and without reading the rows: the relay of the test needs the loop itself."""
    with engine.connect() as connection:
        waiting = connection.execute(text("SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)"))
        return not waiting.scalar_one()


async def stored(bus: Bus, count: int) -> list[Any]:
    """The events in the stream, once there are so many."""
    await until(lambda: _has_messages(bus, count))
    subscription = await bus.jetstream.subscribe("igny8.v1.>", stream=EVENTS_STREAM, ordered_consumer=True)
    found = (await bus.jetstream.stream_info(EVENTS_STREAM)).state.messages
    messages = [await subscription.next_msg(timeout=5) for _ in range(found)]
    await subscription.unsubscribe()
    return messages


async def _has_messages(bus: Bus, count: int) -> bool:
    info = await stream_info(bus.jetstream, EVENTS_STREAM)
    return info is not None and info.state.messages >= count


async def last_seq(bus: Bus, stream: str) -> int:
    return int((await bus.jetstream.stream_info(stream)).state.last_seq)


def words(message: Any) -> str:
    return str(orjson.loads(message.data)["grant_id"])


def _never(event: object) -> Any:
    raise AssertionError(event)

"""Leases: one worker at a time, and whoever lost one can write nothing more."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from chassis.testing import until
from chassis.transaction import Transactions
from services.ai.leasing import kept
from services.ai.store.leases import Lease, LeaseLost
from services.ai.store.transaction import AiTransaction

Ai = Transactions[AiTransaction]


def claim(tx: AiTransaction, *, subject_id: str, owner: str = "a worker") -> Lease | None:
    return tx.leases.claim(subject_id, owner=owner)


def hold(tx: AiTransaction, *, lease: Lease) -> None:
    tx.leases.hold(lease)


def give_up(tx: AiTransaction, *, lease: Lease) -> None:
    tx.leases.give_up(lease)


def renew(tx: AiTransaction, *, lease: Lease) -> bool:
    return tx.leases.renew(lease)


def claimed(transactions: Ai, subject_id: str) -> Lease:
    lease = transactions.run_sync(claim, subject_id=subject_id)
    assert lease is not None
    return lease


def end_leases(transactions: Ai) -> None:
    with transactions.engine.begin() as connection:
        connection.execute(text("UPDATE job_lease SET until = now() - interval '1 second'"))


def lives(transactions: Ai) -> bool:
    with transactions.engine.connect() as connection:
        return bool(connection.execute(text("SELECT until > now() FROM job_lease")).scalar())


def test_of_eight_workers_at_once_one_gets_the_lease(transactions: Ai) -> None:
    subject_id = new_id()

    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: transactions.run_sync(claim, subject_id=subject_id), range(8)))

    assert sum(lease is not None for lease in leases) == 1


def test_a_lease_that_ran_out_goes_to_the_next_and_the_first_is_fenced_off(transactions: Ai) -> None:
    first = claimed(transactions, new_id())
    end_leases(transactions)

    second = claimed(transactions, first.subject_id)

    assert second.epoch > first.epoch
    assert not transactions.run_sync(renew, lease=first)
    with pytest.raises(LeaseLost):
        transactions.run_sync(hold, lease=first)
    transactions.run_sync(hold, lease=second)


def test_an_epoch_never_comes_again_even_after_a_lease_was_given_up(transactions: Ai) -> None:
    stalled = claimed(transactions, new_id())
    end_leases(transactions)
    transactions.run_sync(give_up, lease=claimed(transactions, stalled.subject_id))

    claimed(transactions, stalled.subject_id)

    with pytest.raises(LeaseLost):
        transactions.run_sync(hold, lease=stalled)


def test_giving_up_a_lost_lease_leaves_the_one_of_its_new_owner(transactions: Ai) -> None:
    first = claimed(transactions, new_id())
    end_leases(transactions)
    second = claimed(transactions, first.subject_id)

    transactions.run_sync(give_up, lease=first)

    transactions.run_sync(hold, lease=second)


async def test_a_lease_is_renewed_while_its_work_goes_on(transactions: Ai) -> None:
    lease = claimed(transactions, new_id())
    end_leases(transactions)

    async with kept(transactions, lease, every_seconds=0.01):
        await until(lambda: lives(transactions))

    assert transactions.run_sync(claim, subject_id=lease.subject_id) is None


async def test_work_is_stopped_when_its_lease_is_lost(transactions: Ai) -> None:
    lease = claimed(transactions, new_id())
    end_leases(transactions)
    claimed(transactions, lease.subject_id)

    with pytest.raises(LeaseLost):
        async with kept(transactions, lease, every_seconds=0.01):
            await asyncio.Event().wait()


async def test_a_worker_that_is_told_to_end_is_not_taken_for_one_that_lost_its_lease(
    transactions: Ai,
) -> None:
    lease = claimed(transactions, new_id())
    at_work = asyncio.Event()

    async def work() -> None:
        async with kept(transactions, lease):
            at_work.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await at_work.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

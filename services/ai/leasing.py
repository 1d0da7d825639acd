"""Working under a lease: it is renewed while the work goes on, and the work is stopped when it is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from chassis.refusal import Refusal
from chassis.transaction import Transactions
from services.ai.store.leases import LEASE_SECONDS, Lease, LeaseLost
from services.ai.store.transaction import AiTransaction
from services.ai.usecases import tasks as write


@contextlib.asynccontextmanager
async def kept(
    transactions: Transactions[AiTransaction], lease: Lease, *, every_seconds: float = LEASE_SECONDS / 3
) -> AsyncIterator[None]:
    """Renews the lease every third of its life. When it is lost the body is cancelled and LeaseLost is raised.

    Every write under the lease is fenced by its epoch besides, so a body that goes on too long does no harm.
    """
    body = asyncio.current_task()
    assert body is not None, "a lease is kept for a task"
    lost = told = False

    async def renew() -> None:
        nonlocal lost
        while True:
            await asyncio.sleep(every_seconds)
            # A database that cannot be reached renews nothing; the fence decides who may write after it is back.
            with contextlib.suppress(Refusal):
                if not await transactions.run(write.renew, lease=lease):
                    lost = True
                    body.cancel()
                    return

    renewal = asyncio.create_task(renew())
    try:
        yield
    except asyncio.CancelledError:
        if lost:
            told = True
            if body.uncancel() == 0:
                raise LeaseLost(lease.subject_id) from None
        raise
    finally:
        renewal.cancel()
        try:
            await asyncio.wait({renewal})
        except asyncio.CancelledError:
            # The body gave the lease up and ended just as the renewal missed it.
            if not lost or told or body.uncancel() > 0:
                raise

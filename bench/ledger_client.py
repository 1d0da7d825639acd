"""Calls of CreditService as the ai service makes them, and their rates and times."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from bench.ledger_world import Metadata, as_service
from chassis.ids import new_id
from tests.billing.books import IMAGE_MODEL

BATCH: Final = 256

Call = Callable[[], Awaitable[int]]
"""One call; gives how many items it charged."""


class Client:
    """Calls of one program for many accounts, with a token for each."""

    def __init__(self, channel: grpc.aio.Channel, accounts: list[str]) -> None:
        self._stub: Any = billing.CreditServiceStub(channel)
        self._tokens: dict[str, Metadata] = {account: as_service(account) for account in accounts}
        self._accounts = accounts
        self._quotes: dict[str, str] = {}
        # The same way through the accounts every time.
        self._random = random.Random(7)

    async def charge(self, account: str) -> int:
        await self._stub.Charge(
            billing.ChargeRequest(request_id=new_id(), item=item()),
            metadata=self._tokens[account],
            timeout=30,
        )
        return 1

    async def charge_any(self) -> int:
        return await self.charge(self._random.choice(self._accounts))

    async def batch(self, account: str) -> int:
        request = billing.BatchChargeRequest(request_id=new_id(), items=[item()] * BATCH)
        await self._stub.BatchCharge(request, metadata=self._tokens[account], timeout=30)
        return BATCH

    async def quote(self, account: str) -> None:
        """A quote by which everything of this account is reserved from now on."""
        request = billing.QuoteRequest(
            operation_type="image_generation", model_name=IMAGE_MODEL, items=1, images=1
        )
        made = await self._stub.Quote(request, metadata=self._tokens[account], timeout=30)
        self._quotes[account] = made.quote.id

    async def reserve_and_capture(self, account: str) -> int:
        metadata = self._tokens[account]
        held = await self._stub.Reserve(
            billing.ReserveRequest(request_id=new_id(), quote_id=self._quotes[account]),
            metadata=metadata,
            timeout=30,
        )
        capture = billing.CaptureRequest(
            request_id=new_id(), reservation_id=held.reservation.id, item_id="x", images=1, final=True
        )
        await self._stub.Capture(capture, metadata=metadata, timeout=30)
        return 1

    async def balance(self, account: str) -> int:
        await self._stub.GetBalance(billing.GetBalanceRequest(), metadata=self._tokens[account], timeout=30)
        return 1


async def rate(call: Call, *, in_flight: int, seconds: float) -> float:
    """Items a second with so many calls in flight."""
    began = time.perf_counter()
    done = 0

    async def some() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            items = await call()
            # Not in one line with the call: the sum would be read before it and miss what others add meanwhile.
            done += items

    await asyncio.gather(*(some() for _ in range(in_flight)))
    return done / (time.perf_counter() - began)


async def median_seconds(call: Call, *, calls: int) -> float:
    """The median time of a call, one after the other."""
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - began)
    return median(taken)


def item() -> billing.ChargedItem:
    """An image, which costs one credit."""
    return billing.ChargedItem(
        operation_type="image_generation", model_name=IMAGE_MODEL, item_id=new_id(), images=1
    )

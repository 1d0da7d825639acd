"""One client of the ledger's campaign: mixed operations on shared accounts, each repeated under its id until answered.

`python -m bench.ledger_mix TARGET SEED OPERATIONS` reads account ids, one a line, from its input until that ends, and
prints how many operations of each kind ended in which way, as JSON.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from bench.ledger_client import item
from bench.ledger_world import Metadata, as_operator, as_service
from chassis.errors import from_rpc_error
from chassis.ids import new_id
from tests.billing.books import IMAGE_MODEL

IN_FLIGHT: Final = 64
HOT_ACCOUNTS: Final = 4
"""Half of the operations are on these few."""

KEPT_MAX: Final = 2_000
"""A client remembers so many holds, charges and grants of its own, to go on with."""

ATTEMPTS_MAX: Final = 100
WEIGHTS: Final = {
    "charge": 28,
    "batch": 10,
    "reserve": 20,
    "capture": 20,
    "release": 8,
    "grant": 6,
    "reverse": 5,
    "void": 3,
}
EXPECTED: Final = frozenset(
    {"INSUFFICIENT_CREDITS", "RESERVATION_ENDED", "ALREADY_REVERSED", "QUOTE_EXPIRED"}
)
"""Refusals that belong to the game: credits and holds run out while others work on the same accounts."""

Named = tuple[str, str]
"""An account, and the id of something of its."""


@dataclass(kw_only=True)
class Mixer:
    """What one client knows, and the operations it makes of that."""

    stub: Any
    accounts: list[str]
    random: random.Random
    ended: Counter[str] = field(default_factory=Counter)
    services: dict[str, Metadata] = field(default_factory=dict)
    operator: Metadata = ()
    quotes: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    holds: list[Named] = field(default_factory=list)
    charges: list[Named] = field(default_factory=list)
    grants: list[Named] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = {account: as_service(account) for account in self.accounts}
        self.operator = as_operator()

    async def operate(self) -> None:
        """One operation, of a kind by chance; what there is nothing for becomes a charge."""
        [kind] = self.random.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
        needed = {"capture": self.holds, "release": self.holds, "reverse": self.charges, "void": self.grants}
        if not needed.get(kind, self.accounts):
            kind = "charge"
        operation: Callable[[str], Awaitable[None]] = getattr(self, f"_{kind}")
        try:
            await operation(self._account())
            self.ended[f"{kind} done"] += 1
        except grpc.aio.AioRpcError as error:
            reason = from_rpc_error(error, service="billing").reason
            self.ended[f"{kind} {'refused' if reason in EXPECTED else 'unexpected'} {reason}"] += 1

    async def _charge(self, account: str) -> None:
        request = billing.ChargeRequest(request_id=new_id(), item=item())
        made = await self._call(self.stub.Charge, request, self.services[account])
        self._keep(self.charges, (account, made.usage.transaction_id))

    async def _batch(self, account: str) -> None:
        request = billing.BatchChargeRequest(request_id=new_id(), items=[item() for _ in range(4)])
        await self._call(self.stub.BatchCharge, request, self.services[account])

    async def _reserve(self, account: str) -> None:
        request = billing.ReserveRequest(
            request_id=new_id(),
            quote_id=await self._quote(account),
            # Some run out before anybody comes back to them.
            lifetime_seconds=self.random.choice((2, 60, 900)),
        )
        made = await self._call(self.stub.Reserve, request, self.services[account])
        self._keep(self.holds, (account, made.reservation.id))

    async def _capture(self, account: str) -> None:
        final = self.random.random() < 0.5
        account, reservation_id = self._take(self.holds)
        request = billing.CaptureRequest(
            request_id=new_id(),
            reservation_id=reservation_id,
            item_id=new_id(),
            images=1,
            final=final,
            # A hold of two may be charged three times.
            absorb_excess=True,
        )
        made = await self._call(self.stub.Capture, request, self.services[account])
        # One that came late may have found nothing to take, so there is nothing to give back.
        if made.usage.credits_used:
            self._keep(self.charges, (account, made.usage.transaction_id))
        if not final:
            self._keep(self.holds, (account, reservation_id))

    async def _release(self, account: str) -> None:
        account, reservation_id = self._take(self.holds)
        request = billing.ReleaseRequest(reservation_id=reservation_id)
        await self._call(self.stub.Release, request, self.services[account])

    async def _grant(self, account: str) -> None:
        request = billing.GrantRequest(
            request_id=new_id(),
            account_id=account,
            amount=self.random.randint(1, 25),
            category=self.random.choice(
                (
                    billing.CreditGrant.CATEGORY_PLAN,
                    billing.CreditGrant.CATEGORY_PAID,
                    billing.CreditGrant.CATEGORY_PROMOTIONAL,
                )
            ),
            priority=self.random.randint(0, 3),
        )
        if self.random.random() < 0.3:
            request.expires_at.FromDatetime(
                datetime.now(UTC) + timedelta(seconds=self.random.randint(120, 300))
            )
        made = await self._call(self.stub.Grant, request, self.operator)
        self._keep(self.grants, (account, made.grant.id))

    async def _reverse(self, account: str) -> None:
        account, transaction_id = self._take(self.charges)
        request = billing.ReverseChargeRequest(
            request_id=new_id(), account_id=account, transaction_id=transaction_id
        )
        await self._call(self.stub.ReverseCharge, request, self.operator)

    async def _void(self, account: str) -> None:
        account, grant_id = self._take(self.grants)
        request = billing.VoidGrantRequest(request_id=new_id(), account_id=account, grant_id=grant_id)
        await self._call(self.stub.VoidGrant, request, self.operator)

    async def _quote(self, account: str) -> str:
        quote_id, until = self.quotes.get(account, ("", datetime.min.replace(tzinfo=UTC)))
        if until <= datetime.now(UTC):
            request = billing.QuoteRequest(
                operation_type="image_generation", model_name=IMAGE_MODEL, items=2, images=2
            )
            made = await self._call(self.stub.Quote, request, self.services[account])
            quote_id = made.quote.id
            self.quotes[account] = (quote_id, datetime.now(UTC) + timedelta(minutes=10))
        return quote_id

    async def _call(self, method: Any, request: Any, metadata: Metadata) -> Any:
        """The answer; what may be repeated by the catalogue is, under the same id."""
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await method(request, metadata=metadata, timeout=30)
            except grpc.aio.AioRpcError as error:
                refusal = from_rpc_error(error, service="billing")
                if not refusal.retryable or attempt == ATTEMPTS_MAX - 1:
                    raise
                self.ended[f"repeated {refusal.reason}"] += 1
                await asyncio.sleep(self.random.uniform(0.05, 0.5))
        raise AssertionError("the last attempt returns or raises")

    def _account(self) -> str:
        some = self.accounts[:HOT_ACCOUNTS] if self.random.random() < 0.5 else self.accounts
        return self.random.choice(some)

    def _keep(self, kept: list[Named], one: Named) -> None:
        if len(kept) < KEPT_MAX:
            kept.append(one)
        else:
            kept[self.random.randrange(KEPT_MAX)] = one

    def _take(self, kept: list[Named]) -> Named:
        at = self.random.randrange(len(kept))
        kept[at], kept[-1] = kept[-1], kept[at]
        return kept.pop()


async def mix(target: str, *, seed: int, operations: int, accounts: list[str]) -> Counter[str]:
    """Carries out so many operations, and gives how they ended."""
    left = operations
    async with grpc.aio.insecure_channel(target) as channel:
        mixer = Mixer(stub=billing.CreditServiceStub(channel), accounts=accounts, random=random.Random(seed))

        async def some() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await mixer.operate()

        await asyncio.gather(*(some() for _ in range(IN_FLIGHT)))
    return mixer.ended


if __name__ == "__main__":
    at, seed_text, operations_text = sys.argv[1:]
    listed = sys.stdin.read().split()
    counted = asyncio.run(mix(at, seed=int(seed_text), operations=int(operations_text), accounts=listed))
    print(json.dumps(counted))

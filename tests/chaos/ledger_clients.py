"""Clients that mix every operation on a few accounts, and remember what they were told."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from google.protobuf.timestamp_pb2 import Timestamp
from igny8.billing import v1 as billing

from chassis.clock import SystemClock
from chassis.errors import RemoteRefusal
from chassis.ids import new_id
from chassis.testing import callers
from tests.chaos.ledger_calls import Calls, GaveUp

MODEL: Final = "a-chaotic-model"
PASSWORD: Final = "correct horse battery"
EXPECTED: Final = frozenset(
    {"INSUFFICIENT_CREDITS", "BUDGET_EXCEEDED", "RESERVATION_ENDED", "QUOTE_EXPIRED", "ALREADY_REVERSED"}
)
"""What such clients may be refused for."""

KEPT_MAX: Final = 200
"""Charges and grants that are at hand to be taken back."""


@dataclass(slots=True)
class Told:
    """What was acknowledged, by id; and every marker that was ever sent."""

    accounts: list[str]
    usage: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Item and credits by usage id."""

    reservations: set[str] = field(default_factory=set)
    extended: dict[str, Timestamp] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    grants: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)
    reversed: dict[str, str] = field(default_factory=dict)
    """Deduction by the line that gave it back."""

    budgets: set[str] = field(default_factory=set)
    items_sent: set[str] = field(default_factory=set)
    markers_sent: set[str] = field(default_factory=set)
    unexpected: list[str] = field(default_factory=list)


async def new_account(calls: Calls, name: str) -> str:
    """The id of a new account."""
    made = await calls.accounts().SignUp(
        billing.SignUpRequest(account_name=name, email=f"{new_id()}@example.com", password=PASSWORD)
    )
    return str(made.account.id)


async def put_price(calls: Calls) -> None:
    """A model whose images cost 3 credits."""
    await calls.prices().PutModelPrice(
        billing.PutModelPriceRequest(
            model_name=MODEL,
            provider="offline",
            kind=billing.ModelPrice.KIND_IMAGE,
            cost_per_image="0.001",
            credits_per_image=3,
        )
    )


class Client:
    """One client of one account: an operation after the other until the campaign ends."""

    def __init__(self, calls: Calls, told: Told, account_id: str) -> None:
        self._calls = calls
        self._told = told
        self._account = account_id
        self._random = calls.chaos.random
        self._credits = calls.credits()
        self._operator = calls.credits_as(callers.operator())
        self._owner = calls.credits_as(callers.person(account_id=account_id, user_id=new_id()))
        self._charged: list[str] = []
        self._granted: list[str] = []
        self._budgeted = new_id()

    async def work(self) -> None:
        """Until the campaign ends. What is refused, or given up, ends one operation and not the client."""
        operations = {
            self._charge: 30,
            self._batch: 8,
            self._hold: 40,
            self._grant: 10,
            self._void: 2,
            self._reverse: 6,
            self._budget: 4,
        }
        while not self._calls.ending:
            (operation,) = self._random.choices(list(operations), weights=list(operations.values()))
            try:
                await operation()
            except GaveUp:
                continue
            except RemoteRefusal as refusal:
                if refusal.reason not in EXPECTED:
                    self._told.unexpected.append(f"{operation.__name__}: {refusal.reason} {refusal}")

    async def _charge(self) -> None:
        request = billing.ChargeRequest(request_id=new_id(), item=self._item())
        answer = await self._write("Charge", self._credits.Charge, request)
        self._paid(answer.usage)

    async def _batch(self) -> None:
        items = [self._item() for _ in range(self._random.randint(2, 8))]
        request = billing.BatchChargeRequest(request_id=new_id(), items=items)
        answer = await self._write("BatchCharge", self._credits.BatchCharge, request)
        for outcome in answer.outcomes:
            if outcome.HasField("usage"):
                self._paid(outcome.usage)

    async def _hold(self) -> None:
        """Reserves, captures some, and ends it: by a final capture, a release, or by letting its time run out."""
        images = self._random.randint(1, 4)
        quote = billing.QuoteRequest(
            operation_type="image_generation", model_name=MODEL, items=images, images=images
        )
        quoted = await self._calls.read(self._credits.Quote, quote, account_id=self._account)
        marker = self._marker()
        reserve = billing.ReserveRequest(
            request_id=new_id(),
            quote_id=quoted.quote.id,
            lifetime_seconds=self._random.choice([1, 2, 5, 60]),
            run_id=self._random.choice(["", self._budgeted]),
            api_key_id=marker,
        )
        held = (await self._write("Reserve", self._credits.Reserve, reserve)).reservation
        self._told.reservations.add(held.id)
        end = self._random.choice(["final", "final", "release", "expire", "extend"])
        if end == "extend":
            extend = billing.ExtendRequest(request_id=new_id(), reservation_id=held.id, lifetime_seconds=30)
            longer = (await self._write("Extend", self._credits.Extend, extend)).reservation
            self._told.extended[held.id] = longer.expires_at
        for _ in range(self._random.randint(0, images)):
            await self._capture(held.id, final=False)
        if end in ("final", "extend"):
            await self._capture(held.id, final=True)
        elif end == "release":
            release = billing.ReleaseRequest(reservation_id=held.id)
            # Its answer has the balance of now, so a repeat may well say another.
            await self._write("Release", self._credits.Release, release, repeatable=False)
            self._told.released.add(held.id)

    async def _capture(self, reservation_id: str, *, final: bool) -> None:
        item_id = new_id()
        self._told.items_sent.add(item_id)
        request = billing.CaptureRequest(
            request_id=new_id(),
            reservation_id=reservation_id,
            item_id=item_id,
            images=1,
            final=final,
            # There may be one item more than was held for.
            absorb_excess=True,
        )
        answer = await self._write("Capture", self._credits.Capture, request)
        self._paid(answer.usage)

    async def _grant(self) -> None:
        request = billing.GrantRequest(
            request_id=new_id(),
            account_id=self._account,
            amount=self._random.randint(20, 400),
            category=billing.CreditGrant.CATEGORY_PAID,
            description=self._marker(),
        )
        if self._random.randrange(3) == 0:
            ends = SystemClock().now() + timedelta(seconds=self._random.randint(30, 90))
            request.expires_at.FromDatetime(ends)
        answer = await self._write("Grant", self._operator.Grant, request)
        self._told.grants.add(answer.grant.id)
        _keep(self._granted, answer.grant.id)

    async def _void(self) -> None:
        if not self._granted:
            return
        grant_id = self._granted.pop(self._random.randrange(len(self._granted)))
        request = billing.VoidGrantRequest(request_id=new_id(), account_id=self._account, grant_id=grant_id)
        await self._write("VoidGrant", self._operator.VoidGrant, request)
        self._told.voided.add(grant_id)

    async def _reverse(self) -> None:
        if not self._charged:
            return
        transaction_id = self._random.choice(self._charged)
        request = billing.ReverseChargeRequest(
            request_id=new_id(), account_id=self._account, transaction_id=transaction_id
        )
        answer = await self._write("ReverseCharge", self._operator.ReverseCharge, request)
        self._told.reversed[answer.transaction.id] = transaction_id

    async def _budget(self) -> None:
        """A new limit, on a run that some of the holds are for."""
        self._budgeted = new_id()
        request = billing.PutBudgetRequest(
            scope=billing.Budget.SCOPE_RUN,
            target_id=self._budgeted,
            credits_limit=self._random.randint(0, 60),
        )
        await self._write("PutBudget", self._owner.PutBudget, request, repeatable=False)
        self._told.budgets.add(self._budgeted)

    async def _write(self, name: str, call: Any, request: Any, *, repeatable: bool = True) -> Any:
        return await self._calls.write(name, call, request, account_id=self._account, repeatable=repeatable)

    def _paid(self, usage: billing.CreditUsage) -> None:
        self._told.usage[usage.id] = (usage.item_id, usage.credits_used)
        # A capture that its account could not cover any more charged nothing, and there is nothing to give back.
        if usage.credits_used:
            _keep(self._charged, usage.transaction_id)

    def _item(self) -> billing.ChargedItem:
        item_id = new_id()
        self._told.items_sent.add(item_id)
        return billing.ChargedItem(
            operation_type="image_generation",
            model_name=MODEL,
            item_id=item_id,
            images=1,
            run_id=self._random.choice(["", self._budgeted]),
        )

    def _marker(self) -> str:
        marker = new_id()
        self._told.markers_sent.add(marker)
        return marker


async def load(calls: Calls, told: Told, *, clients: int) -> None:
    """So many clients on the accounts in turn, until the campaign ends. Raises what is a fault of the clients."""
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(Client(calls, told, told.accounts[number % len(told.accounts)]).work())


def _keep(kept: list[str], one: str) -> None:
    kept.append(one)
    if len(kept) > KEPT_MAX:
        del kept[0]

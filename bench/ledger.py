"""The ledger's speed, beside pgbench with the same writes and beside a method that does nothing, in turns."""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from bench.ledger_peer import CONNECTIONS, transactions_per_second
from bench.result import Result
from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.identity import Keyring, TokenIssuer
from chassis.ids import new_id
from chassis.outbox import Outbox
from chassis.testing import ManualClock
from chassis.testing.callers import service
from chassis.testing.serving import SECRET_KEY
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from suite.embedded.postgres import EmbeddedPostgres, new_password
from tests.billing.books import IMAGE_MODEL, Billing
from tests.kit.databases import EMBEDDED, SessionDatabase

ROUNDS: Final = 5
SECONDS: Final = 3
IN_FLIGHT: Final = 256
BATCH: Final = 256
ACCOUNTS: Final = 1_000
CREDITS: Final = 10**9

Call = Callable[[], Awaitable[int]]
"""One call; gives how many items it charged."""


def results(say: Callable[[str], None]) -> list[Result]:
    """Rates and how they compare; each ratio is the median of rounds in which both sides ran one after the other."""
    with tempfile.TemporaryDirectory(prefix="igny8-bench-ledger-") as name, _world(Path(name)) as world:
        rounds = [asyncio.run(_round(world, say)) for _ in range(ROUNDS)]

    def rate(of: str, peer: str, *, floor: float, by: str) -> Result:
        ratios = tuple(each[of] / each[by] for each in rounds)
        return Result(
            name=f"{of}, against {peer}",
            unit="times",
            ours=median(ratios),
            runs=ratios,
            peer=f"{peer}, a second",
            peer_value=median(each[by] for each in rounds),
            floor=floor,
        )

    pgbench = f"pgbench on {CONNECTIONS} connections"
    return [
        *(
            Result(name=name, unit="a second", ours=median(runs), runs=runs)
            for name in rounds[0]
            for runs in [tuple(each[name] for each in rounds)]
        ),
        rate("Charge", pgbench, floor=2.0, by="pgbench"),
        rate("Charge", "a method that does nothing", floor=0.5, by="nothing"),
        rate("BatchCharge of 256", pgbench, floor=6.0, by="pgbench"),
        rate("Charge on 1,000 accounts", "Charge on one", floor=0.8, by="Charge"),
        rate("Reserve and Capture", "Charge", floor=0.38, by="Charge"),
    ]


@dataclass(frozen=True, kw_only=True)
class _World:
    """A database with fsync on, accounts with credits, and the process that serves them."""

    folder: Path
    owner_dsn: str
    ports: tuple[int, int]
    accounts: list[str]
    price_id: str
    peer_account: str
    peer_grant: str


@contextmanager
def _world(folder: Path) -> Iterator[_World]:
    server = EmbeddedPostgres(folder / "postgres", password=new_password(), durable=True)
    server.start()
    database = SessionDatabase(server.dsn(), kind=EMBEDDED)
    dsn = database.dsn("billing")
    clock = ManualClock(SystemClock().now())
    engine = open_engine(dsn, service="billing", pool_size=1)
    outbox = Outbox(service="billing", encode=encode, clock=clock)
    books = Billing(
        transactions=Transactions(engine, BillingTransaction, outbox=outbox, threads=1), clock=clock
    )
    price = books.price()
    accounts = [books.account(credits=CREDITS) for _ in range(ACCOUNTS)]
    peer = books.account()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ledger_server", dsn],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        charged, nothing = map(int, process.stdout.readline().split())
        yield _World(
            folder=folder,
            owner_dsn=database.owner_dsn,
            ports=(charged, nothing),
            accounts=accounts,
            price_id=price.id,
            peer_account=peer,
            peer_grant=books.grant(peer, amount=CREDITS).id,
        )
    finally:
        process.communicate()
        books.transactions.close()
        engine.dispose()
        database.close()
        server.stop()


async def _round(world: _World, say: Callable[[str], None]) -> dict[str, float]:
    """Every figure once, a second; each side by side with what it is compared with."""
    peer = await asyncio.to_thread(
        transactions_per_second,
        world.owner_dsn,
        world.folder,
        account_id=world.peer_account,
        grant_id=world.peer_grant,
        price_id=world.price_id,
        seconds=SECONDS,
    )
    hot, *_ = world.accounts
    async with (
        grpc.aio.insecure_channel(f"127.0.0.1:{world.ports[0]}") as channel,
        grpc.aio.insecure_channel(f"127.0.0.1:{world.ports[1]}") as to_nothing,
    ):
        ours = _Client(channel, world.accounts)
        nothing = _Client(to_nothing, [hot])
        found = {
            "pgbench": peer,
            "Charge": await _rate(lambda: ours.charge(hot)),
            "nothing": await _rate(lambda: nothing.charge(hot)),
            "BatchCharge of 256": await _rate(lambda: ours.batch(hot), in_flight=4),
            "Charge on 1,000 accounts": await _rate(ours.charge_any),
            "Reserve and Capture": await _rate(lambda: ours.reserve_and_capture(hot)),
        }
    say(", ".join(f"{name} {rate:,.0f}" for name, rate in found.items()))
    return found


async def _rate(call: Call, *, in_flight: int = IN_FLIGHT) -> float:
    """Items a second with so many calls in flight."""
    began = time.perf_counter()
    done = 0

    async def some() -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            items = await call()
            # Not in one line with the call: the sum would be read before it and miss what others add meanwhile.
            done += items

    await asyncio.gather(*(some() for _ in range(in_flight)))
    return done / (time.perf_counter() - began)


class _Client:
    """Calls as the ai service makes them, with a token for each account."""

    def __init__(self, channel: grpc.aio.Channel, accounts: list[str]) -> None:
        self._stub: Any = billing.CreditServiceStub(channel)
        issuer = TokenIssuer(Keyring.from_secret(SECRET_KEY), "ai")
        self._tokens = {
            account: (
                (
                    "authorization",
                    f"Bearer {issuer.issue(service('ai', account_id=account), audience='billing')}",
                ),
            )
            for account in accounts
        }
        self._accounts = accounts
        self._quotes: dict[str, str] = {}
        # The same way through the accounts every time.
        self._random = random.Random(7)

    async def charge(self, account: str) -> int:
        await self._stub.Charge(
            billing.ChargeRequest(request_id=new_id(), item=_item()),
            metadata=self._tokens[account],
            timeout=30,
        )
        return 1

    async def charge_any(self) -> int:
        return await self.charge(self._random.choice(self._accounts))

    async def batch(self, account: str) -> int:
        request = billing.BatchChargeRequest(request_id=new_id(), items=[_item()] * BATCH)
        await self._stub.BatchCharge(request, metadata=self._tokens[account], timeout=30)
        return BATCH

    async def reserve_and_capture(self, account: str) -> int:
        metadata = self._tokens[account]
        if account not in self._quotes:
            quote = billing.QuoteRequest(
                operation_type="image_generation", model_name=IMAGE_MODEL, items=1, images=1
            )
            self._quotes[account] = (await self._stub.Quote(quote, metadata=metadata, timeout=30)).quote.id
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


def _item() -> billing.ChargedItem:
    return billing.ChargedItem(
        operation_type="image_generation", model_name=IMAGE_MODEL, item_id=new_id(), images=1
    )

"""How reading and proving one account's ledger go on as it grows; draws bench/ledger-growth.png.

TRANSACTIONS in the environment says how far, for example 20000; the usual is 2,000,000.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

import grpc
import psycopg2

from bench.ledger_client import Client, median_seconds
from bench.ledger_world import World, served, world
from bench.plot import Curve, Plot, draw
from bench.result import Result
from chassis.database import open_engine
from chassis.ids import new_id
from chassis.outbox import Outbox
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.domain.item import Item, Terms
from services.billing.domain.price import ModelPrice
from services.billing.domain.proof import Proof
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Purpose, Reservation
from services.billing.domain.work import Work
from services.billing.store import tables
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import open_book
from services.billing.usecases.proof import verify_ledger

TRANSACTIONS: Final = 2_000_000
SMALL: Final = 10_000
STAGES: Final = (0.005, 0.05, 0.25, 0.5, 1.0)
"""Where the growing is stopped to measure, as parts of the whole."""

PROVED: Final = 1_000_000
MORE: Final = 1_000
"""So many lines are proved from a checkpoint on."""

AT_ONCE: Final = 1_000
LINES_A_ROUND: Final = 4
CREDITS: Final = 10**9
ROUNDS: Final = 5
CALLS: Final = 200
PROOF_SECONDS: Final = 900.0
PLOT: Final = Path(__file__).with_name("ledger-growth.png")


def results(say: Callable[[str], None]) -> list[Result]:
    """Times at each stage beside those of a ledger that stays small, and the proof of the whole."""
    whole = int(os.environ.get("TRANSACTIONS", TRANSACTIONS))
    with _account() as small, _account() as grown:
        _grow(small, SMALL)
        points = []
        for part in STAGES:
            _grow(grown, round(whole * part))
            points.append(_measure(grown, small))
            say(points[-1].says)
    draw(
        PLOT,
        Plot(
            title="GetBalance as one account's ledger grows",
            unit="ms",
            curves=(
                Curve("this ledger", [(point.lines, point.balance * 1000) for point in points]),
                Curve(
                    f"one of {SMALL:,} beside it", [(point.lines, point.beside * 1000) for point in points]
                ),
            ),
        ),
        Plot(
            title="VerifyLedger as one account's ledger grows",
            unit="s",
            curves=(
                Curve("from the first line", [(point.lines, point.whole) for point in points]),
                Curve(f"the last {MORE:,} lines", [(point.lines, point.rest) for point in points]),
            ),
        ),
    )
    last = points[-1]
    proved = min(
        (point for point in points if point.lines >= min(whole, PROVED)), key=lambda point: point.lines
    )
    return [
        Result(
            name=f"GetBalance at {last.lines:,} lines, against {SMALL:,}",
            unit="times",
            ours=median(last.ratios),
            runs=last.ratios,
            peer=f"a ledger of {SMALL:,}, ms",
            peer_value=last.beside * 1000,
            ceiling=1.2,
        ),
        _seconds(f"VerifyLedger of {proved.lines:,} lines", proved.whole, ceiling=60.0),
        _seconds(f"VerifyLedger of {MORE:,} lines after {last.lines:,}", last.rest),
    ]


def _seconds(name: str, seconds: float, *, ceiling: float | None = None) -> Result:
    return Result(name=name, unit="s", ours=seconds, runs=(seconds,), ceiling=ceiling)


@dataclass(frozen=True, kw_only=True)
class _Point:
    """What was measured when the ledger had so many lines; times in seconds."""

    lines: int
    balance: float
    beside: float
    ratios: tuple[float, ...]
    whole: float
    rest: float

    @property
    def says(self) -> str:
        return (
            f"{self.lines:,} lines: GetBalance {self.balance * 1000:.2f} ms, beside {self.beside * 1000:.2f} ms;"
            f" proved in {self.whole:.1f} s, the last {MORE:,} in {self.rest:.2f} s"
        )


@dataclass(frozen=True, kw_only=True)
class _Account:
    """An account in a database of its own, what its lines are made with, and where it is served."""

    made: World
    id: str
    price: ModelPrice
    quote: Quote
    seeding: Transactions[BillingTransaction]
    target: str


@contextmanager
def _account() -> Iterator[_Account]:
    with world() as made, ExitStack() as stack:
        books = made.books
        price = books.price()
        account = books.account(credits=CREDITS)
        quote = books.quote(account, images=1)
        # Rows made by the domain's own code need no second look at what they point to while they are put in.
        engine = open_engine(
            f"{made.owner_dsn}?options=-csession_replication_role%3Dreplica", service="billing", pool_size=1
        )
        outbox = Outbox(service="billing", encode=encode, clock=books.clock)
        seeding = Transactions(engine, BillingTransaction, outbox=outbox, threads=1)
        stack.callback(engine.dispose)
        stack.callback(seeding.close)
        target, _ = stack.enter_context(served(made.dsn))
        yield _Account(made=made, id=account, price=price, quote=quote, seeding=seeding, target=target)


def _grow(account: _Account, lines: int) -> None:
    """Adds lines until there are so many."""
    books = account.made.books
    while (missing := lines - books.balance(account.id).sequence) > 0:
        account.seeding.within(seconds=60).run_sync(
            _add, account=account, lines=min(missing, AT_ONCE), now=books.clock.now()
        )
    # As autovacuum and the checkpointer do in a database that has grown for longer than a minute.
    connection = psycopg2.connect(account.made.owner_dsn, options="-c search_path=billing")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for table in (
                tables.credit_transaction,
                tables.credit_draw,
                tables.credit_usage,
                tables.reservation,
            ):
                cursor.execute(f'VACUUM (ANALYZE) "{table.name}"')
            cursor.execute("CHECKPOINT")
    finally:
        connection.close()


def _add(tx: BillingTransaction, *, account: _Account, lines: int, now: datetime) -> None:
    """Two charges, a hold and its capture, over and over; the last ones charges."""
    desk, book = open_book(tx, account_id=account.id, now=now)
    terms = Terms(
        operation_type="image_generation",
        price=account.price,
        credit_price_usd=account.quote.credit_price_usd,
        minimum_credits=1,
        purpose=Purpose(),
    )
    for number in range(lines):
        item = Item(item_id=new_id(), work=Work(images=1))
        at = number % LINES_A_ROUND
        if at == LINES_A_ROUND - 1:
            continue
        if at == LINES_A_ROUND - 2 and number + 1 < lines:
            hold = Reservation.of(account.quote, id=new_id(), purpose=Purpose(), now=now)
            book.hold(hold)
            captured, _ = book.capture(hold, item, price=account.price, final=True)
            desk.add(captured)
        else:
            book.charge(item, terms=terms)
    # Nobody listens here, and a table of messages is no part of a ledger.
    book.events.clear()
    book.causes.clear()
    desk.close()


def _measure(account: _Account, small: _Account) -> _Point:
    rounds = [asyncio.run(_balances(account, small)) for _ in range(ROUNDS)]
    lines = account.made.books.balance(account.id).sequence
    whole = _prove(account, from_first_line=True)
    _grow(account, lines + MORE)
    rest = _prove(account, from_first_line=False)
    return _Point(
        lines=lines,
        balance=median(ours for ours, _ in rounds),
        beside=median(beside for _, beside in rounds),
        ratios=tuple(ours / beside for ours, beside in rounds),
        whole=whole,
        rest=rest,
    )


async def _balances(account: _Account, small: _Account) -> tuple[float, float]:
    """The median seconds of GetBalance of both, in turns."""
    async with (
        grpc.aio.insecure_channel(account.target) as channel,
        grpc.aio.insecure_channel(small.target) as beside,
    ):
        ours, theirs = Client(channel, [account.id]), Client(beside, [small.id])
        # The first calls open connections and meet a cold process.
        await median_seconds(lambda: ours.balance(account.id), calls=CALLS // 10)
        await median_seconds(lambda: theirs.balance(small.id), calls=CALLS // 10)
        taken = [
            (
                await median_seconds(lambda: ours.balance(account.id), calls=1),
                await median_seconds(lambda: theirs.balance(small.id), calls=1),
            )
            for _ in range(CALLS)
        ]
    return median(one for one, _ in taken), median(other for _, other in taken)


def _prove(account: _Account, *, from_first_line: bool) -> float:
    books = account.made.books
    began = time.perf_counter()
    proof: Proof = books.transactions.within(seconds=PROOF_SECONDS).run_sync(
        verify_ledger, account_id=account.id, from_first_line=from_first_line, now=books.clock.now()
    )
    assert proof.holds, proof.faults
    return time.perf_counter() - began

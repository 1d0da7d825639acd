"""Live events: how soon after its commit each reaches its clients, that none is lost, and what an open stream weighs."""

import asyncio
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any, Final

import grpc
from igny8.billing import v1 as billing

from bench.gateway_world import as_owner
from bench.result import Result
from chassis.clock import SystemClock
from chassis.database import open_engine
from chassis.identity import Keyring, TokenIssuer
from chassis.ids import new_id
from chassis.outbox import Outbox
from chassis.testing import ManualClock
from chassis.testing.callers import operator, person
from chassis.transaction import Transactions
from services.billing.convert import encode
from services.billing.store.transaction import BillingTransaction
from suite import secrets
from suite.status import of_suite
from tests.billing.books import Billing
from tests.journeys.suites import RunningSuite

ACCOUNTS: Final = 200
CLIENTS_OF_AN_ACCOUNT: Final = 10
CLIENTS: Final = ACCOUNTS * CLIENTS_OF_AN_ACCOUNT
EVENTS_A_SECOND: Final = 50
SECONDS: Final = 20
ALONE: Final = 100
TOKEN_SECONDS: Final = 3600

_COMMITTED: Final = """
SELECT told.account_id::text, told.stream_seq, extract(epoch FROM pg_xact_commit_timestamp(line.xmin))::float8
FROM billing.outbox told JOIN billing.igny8_billing_credittransaction line
    ON line.account_id = told.account_id AND line.sequence = (told.payload::jsonb #>> '{balance,sequence}')::bigint
WHERE told.id > %s
"""
"""Lines of the ledger never change, so their row's transaction is the one that made them and recorded the event."""

_UNTOLD: Final = "SELECT count(*) FROM billing.outbox WHERE published_at IS NULL"


def prepare(suite: RunningSuite) -> None:
    """PostgreSQL is to remember when each transaction committed; from its next start on."""
    with as_owner(suite) as cursor:
        cursor.execute("ALTER SYSTEM SET track_commit_timestamp = on")


def results(suite: RunningSuite, say: Callable[[str], None]) -> list[Result]:
    """Of a suite whose PostgreSQL tells when a transaction committed (`prepare`, and a start after it)."""
    world = _World.of(suite)
    alone = _heard(world, world.accounts[:1], clients=1, events=ALONE, pause=0.1)
    say(
        f"one client: {1000 * median(alone.delays):.1f} ms in the middle, {1000 * max(alone.delays):.1f} ms at most"
    )
    many = _heard(
        world,
        world.accounts,
        clients=CLIENTS_OF_AN_ACCOUNT,
        events=EVENTS_A_SECOND * SECONDS,
        pause=1 / EVENTS_A_SECOND,
    )
    late = quantiles(many.delays, n=100)[98]
    own = quantiles(many.late, n=100)[98]
    weight = many.bytes_grown / CLIENTS / 1000
    say(
        f"{CLIENTS:,} clients: {len(many.delays):,} deliveries, p99 {1000 * late:.0f} ms"
        f" (their own process is late by {1000 * own:.0f} ms), {weight:.0f} kB each"
    )
    return [
        Result(
            name="commit to client, one client",
            unit="ms",
            ours=1000 * median(alone.delays),
            runs=tuple(1000 * each for each in alone.delays),
            ceiling=10.0,
        ),
        Result(
            name=f"commit to client, p99 of {CLIENTS:,} clients",
            unit="ms",
            ours=1000 * late,
            runs=(1000 * late,),
            ceiling=250.0,
        ),
        Result(
            name=f"clients of {CLIENTS:,} that got other than exactly their events in order",
            unit="",
            ours=many.wrong + alone.wrong,
            runs=(many.wrong, alone.wrong),
            ceiling=0.0,
        ),
        Result(name="memory of an open stream (PSS)", unit="kB", ours=weight, runs=(weight,), ceiling=100.0),
    ]


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """Seconds from each event's commit to each of its clients; how many clients got anything else than their events."""

    delays: list[float]
    wrong: int
    bytes_grown: int
    late: list[float]
    """Seconds that the clients' own process was late, which are in the delays as well."""


@dataclass(frozen=True, kw_only=True)
class _World:
    suite: RunningSuite
    issuer: TokenIssuer
    accounts: list[str]

    @classmethod
    def of(cls, suite: RunningSuite) -> "_World":
        engine = open_engine(suite.stack.database_url, service="billing", pool_size=1)
        clock = ManualClock(SystemClock().now())
        outbox = Outbox(service="billing", encode=encode, clock=clock)
        transactions = Transactions(engine, BillingTransaction, outbox=outbox, threads=1)
        books = Billing(transactions=transactions, clock=clock)
        try:
            accounts = [books.account() for _ in range(ACCOUNTS)]
        finally:
            transactions.close()
            engine.dispose()
        keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
        return cls(suite=suite, issuer=TokenIssuer(keyring, "billing"), accounts=accounts)

    def token(self, account_id: str) -> str:
        return self.issuer.issue(person(account_id=account_id), lifetime_seconds=TOKEN_SECONDS)

    def memory(self) -> int:
        """Bytes of the gateway."""
        (weight,) = (row.memory_bytes for row in of_suite(self.suite.stack) if row.name == "gateway")
        assert weight is not None, "smaps_rollup of our own processes can be read"
        return weight

    async def grant(self, accounts: list[str], *, events: int, pause: float) -> None:
        """So many grants of a credit, one every `pause` seconds, to the accounts in turn."""
        token = self.issuer.issue(operator(), lifetime_seconds=TOKEN_SECONDS)
        async with grpc.aio.insecure_channel(self.suite.stack.grpc["billing"]) as channel:
            stub: Any = billing.CreditServiceStub(channel)
            began = time.perf_counter()
            for number in range(events):
                await asyncio.sleep(max(0.0, began + number * pause - time.perf_counter()))
                request = billing.GrantRequest(
                    request_id=new_id(),
                    account_id=accounts[number % len(accounts)],
                    amount=1,
                    category=billing.CreditGrant.CATEGORY_PROMOTIONAL,
                )
                await stub.Grant(request, metadata=(("authorization", f"Bearer {token}"),), timeout=10)

    def last_recorded(self) -> int:
        """The last event's number in the outbox, once all are told."""
        with as_owner(self.suite) as cursor:
            while True:
                cursor.execute(_UNTOLD)
                if cursor.fetchall() == [(0,)]:
                    break
                time.sleep(0.05)
            cursor.execute("SELECT coalesce(max(id), 0) FROM billing.outbox")
            ((last,),) = cursor.fetchall()
        return int(last)

    def committed(self, after: int) -> dict[str, dict[int, float]]:
        """When each later event committed (unix seconds), by account and place in the stream."""
        found: dict[str, dict[int, float]] = defaultdict(dict)
        with as_owner(self.suite) as cursor:
            cursor.execute(_COMMITTED, (after,))
            for account_id, place, at in cursor.fetchall():
                found[account_id][place] = at
        return found


def _heard(world: _World, accounts: list[str], *, clients: int, events: int, pause: float) -> _Heard:
    before, bytes_before = world.last_recorded(), world.memory()
    port = world.suite.stack.gateway_url.rpartition(":")[2]
    listening = subprocess.Popen(
        [sys.executable, "-m", "bench.stream_clients", port, str(clients)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert listening.stdin is not None
        assert listening.stdout is not None
        listening.stdin.write("".join(f"{world.token(account_id)}\n" for account_id in accounts) + "\n")
        listening.stdin.flush()
        assert listening.stdout.readline() == "open\n", "every stream begins"
        asyncio.run(world.grant(accounts, events=events, pause=pause))
        world.last_recorded()
        committed = world.committed(before)
        listening.stdin.write(f"{clients * sum(map(len, committed.values()))}\n")
        listening.stdin.flush()
        said = json.loads(listening.stdout.readline())
        bytes_grown = world.memory() - bytes_before
        listening.communicate()
    finally:
        listening.kill()
        listening.wait()
    assert sum(map(len, committed.values())) >= events, "every grant is told"
    delays: list[float] = []
    wrong = 0
    for account_id, those in zip(accounts, said["heard"], strict=True):
        expected = committed[account_id]
        for heard in those:
            wrong += [place for place, _ in heard] != sorted(expected)
            delays += [at - expected[place] for place, at in heard if place in expected]
    return _Heard(delays=delays, wrong=wrong, bytes_grown=bytes_grown, late=said["late"])

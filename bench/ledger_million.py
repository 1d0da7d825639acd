"""A million mixed operations by four programs at two billing processes: no deadlock, and books that add up.

OPERATIONS in the environment says another number, for example 20000.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

import grpc
import psycopg2
from igny8.billing import v1 as billing

from bench.ledger_mix import HOT_ACCOUNTS
from bench.ledger_world import World, as_operator, served, world
from bench.result import Result

OPERATIONS: Final = 1_000_000
PROGRAMS: Final = 4
SERVERS: Final = 2
"""More than one, so that accounts are contended for in PostgreSQL too, and not only in the writer of one process."""

ACCOUNTS: Final = 64
CREDITS: Final = 100
SAY_SECONDS: Final = 30


def results(say: Callable[[str], None]) -> list[Result]:
    """Operations a second, and what must be zero at the end."""
    operations = int(os.environ.get("OPERATIONS", OPERATIONS))
    with world() as made, ExitStack() as stack:
        made.books.price()
        accounts = [made.books.account(credits=CREDITS) for _ in range(ACCOUNTS)]
        targets = [stack.enter_context(served(made.dsn))[0] for _ in range(SERVERS)]
        say(f"{operations:,} operations on {ACCOUNTS} accounts, half of them on {HOT_ACCOUNTS}")
        began = time.perf_counter()
        ended = _run(made, targets, accounts, operations=operations, say=say)
        seconds = time.perf_counter() - began
        for how, count in sorted(ended.items()):
            say(f"{how}: {count:,}")
        faults = asyncio.run(_faults(targets[0], accounts, say=say))
        deadlocks = max(_deadlocks(made), made.server.log.read_text().count("deadlock detected"))
    done = sum(count for how, count in ended.items() if not how.startswith("repeated"))
    assert done == operations, f"{done} of {operations} operations ended"
    unexpected = sum(count for how, count in ended.items() if " unexpected " in how)
    of = f"{operations:,} mixed operations"
    return [
        _figure(f"{of}, {PROGRAMS} programs", done / seconds, unit="a second"),
        _figure(f"deadlocks in {of}", deadlocks, ceiling=0.0),
        _figure(f"answers that should not be in {of}", unexpected, ceiling=0.0),
        _figure(f"accounts with a fault after {of}", faults, ceiling=0.0),
    ]


def _figure(name: str, ours: float, *, unit: str = "", ceiling: float | None = None) -> Result:
    return Result(name=name, unit=unit, ours=float(ours), runs=(float(ours),), ceiling=ceiling)


def _run(
    made: World, targets: list[str], accounts: list[str], *, operations: int, say: Callable[[str], None]
) -> Counter[str]:
    programs = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "bench.ledger_mix", targets[number % SERVERS], str(number)),
                str(operations // PROGRAMS + (number < operations % PROGRAMS)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROGRAMS)
    ]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n".join(accounts))
        program.stdin.close()
    began = time.perf_counter()
    while any(program.poll() is None for program in programs):
        try:
            next(program for program in programs if program.poll() is None).wait(SAY_SECONDS)
        except subprocess.TimeoutExpired:
            passed = time.perf_counter() - began
            say(f"after {passed:,.0f} s: {_lines(made):,} ledger lines, {_deadlocks(made)} deadlocks")
    ended: Counter[str] = Counter()
    for program in programs:
        assert program.stdout is not None
        assert program.returncode == 0, f"a program ended with {program.returncode}"
        ended.update(json.loads(program.stdout.read()))
    return ended


async def _faults(target: str, accounts: list[str], *, say: Callable[[str], None]) -> int:
    """How many accounts' books do not add up, from their first lines on."""
    began, bad = time.perf_counter(), 0
    async with grpc.aio.insecure_channel(target) as channel:
        stub: Any = billing.CreditServiceStub(channel)
        for account in accounts:
            request = billing.VerifyLedgerRequest(account_id=account, from_first_line=True)
            proof = await stub.VerifyLedger(request, metadata=as_operator(), timeout=300)
            bad += not proof.holds
            for fault in proof.faults:
                say(f"{account}: {fault.says} {dict(fault.first_bad_row)}")
    say(f"proved in {time.perf_counter() - began:.1f} s")
    return bad


def _deadlocks(made: World) -> int:
    return _number(made, "SELECT sum(deadlocks) FROM pg_stat_database")


def _lines(made: World) -> int:
    return _number(made, "SELECT sum(sequence) FROM billing.credit_account")


def _number(made: World, query: str) -> int:
    connection = psycopg2.connect(made.owner_dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
            return int(row[0]) if row else 0
    finally:
        connection.close()

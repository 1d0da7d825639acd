"""kill -9 of billing and of PostgreSQL at random moments under load: the books add up, and nothing is lost or doubled."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from igny8.billing import v1 as billing

from chassis.ids import new_id
from chassis.testing import callers
from chassis.testing.waiting import until
from suite.status import of_suite
from tests.chaos.campaign import Chaos, Report
from tests.chaos.ledger_calls import Calls
from tests.chaos.ledger_clients import Told, load, new_account, put_price
from tests.chaos.ledger_truth import judge, overdue
from tests.chaos.suites import own_suite
from tests.journeys.suites import RunningSuite

ROUNDS: Final = 200
CLIENTS: Final = 12
ACCOUNTS: Final = 3
CREDITS: Final = 5_000

BACK_SECONDS_MAX: Final = 60.0
MOMENT_SECONDS_MAX: Final = 1.2
IN_RECOVERY_ONE_IN: Final = 5
"""So many kills do not wait until the suite works again after the one before."""

TARGETS: Final = ("billing", "billing", "postgres", "postgres", "a session of postgres")
"""What is killed; when one of its sessions is, PostgreSQL starts all of them anew."""


def campaign(chaos: Chaos) -> Report:
    """See the module."""
    rounds = chaos.rounds or ROUNDS
    with own_suite(programs=["billing"]) as suite:
        return asyncio.run(_campaign(chaos, suite, rounds))


async def _campaign(chaos: Chaos, suite: RunningSuite, rounds: int) -> Report:
    calls, report = Calls(chaos, suite), Report()
    await put_price(calls)
    accounts = [await new_account(calls, f"Chaos {number}") for number in range(ACCOUNTS)]
    told = Told(accounts=accounts)
    await _fund(calls, accounts)
    loading = asyncio.create_task(load(calls, told, clients=CLIENTS))
    try:
        killing = _Killing(chaos, suite, calls)
        await killing.until_it_works()
        for number in range(1, rounds + 1):
            await killing.kill(number, rounds)
        await killing.until_it_works()
        calls.ending = True
        await asyncio.wait_for(loading, BACK_SECONDS_MAX)
        await _settle(report, suite, calls, accounts)
        report.figures |= killing.figures | _figures(calls)
        report.promise(
            "Most kills met calls in flight",
            holds=killing.met * 2 > rounds,
            found=f"{killing.met} of {rounds}",
        )
        report.promise(
            "A repeat got the first answer",
            holds=not calls.other_answers,
            found=calls.other_answers[:1] or f"{calls.repeated:,} repeats",
        )
        report.promise(
            "Nobody was refused for a reason of ours",
            holds=not told.unexpected,
            found=told.unexpected[:1] or f"{sum(calls.refused.values()):,} refusals",
        )
        await asyncio.to_thread(judge, report, suite, told)
        return report
    finally:
        calls.ending = True
        loading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loading
        await calls.close()


class _Killing:
    """Kills at random moments, and how the suite came back."""

    def __init__(self, chaos: Chaos, suite: RunningSuite, calls: Calls) -> None:
        self.met = 0
        self._chaos = chaos
        self._suite = suite
        self._calls = calls
        self._killed: dict[str, int] = {}
        self._counts = dict.fromkeys(TARGETS, 0)
        self._in_recovery = 0
        self._back_seconds: list[float] = []

    @property
    def figures(self) -> dict[str, str]:
        """What was killed, and how long it took until a write was acknowledged again."""
        slowest = max(self._back_seconds, default=0.0)
        return {
            **{f"kills of {name}": str(count) for name, count in self._counts.items()},
            "kills while it came back": str(self._in_recovery),
            "kills with calls in flight": str(self.met),
            "slowest return": f"{slowest:.1f} s",
        }

    async def until_it_works(self) -> None:
        """Until a write is acknowledged. Raises AssertionError when none is in time."""
        began, before = time.monotonic(), self._calls.acknowledged.total()
        await until(
            lambda: self._calls.acknowledged.total() > before + CLIENTS, timeout_seconds=BACK_SECONDS_MAX
        )
        self._back_seconds.append(time.monotonic() - began)

    async def kill(self, number: int, rounds: int) -> None:
        """One kill, at a random moment of work or of the return from the one before."""
        if self._killed and self._chaos.random.randrange(IN_RECOVERY_ONE_IN) == 0:
            self._in_recovery += 1
        else:
            await self.until_it_works()
        await asyncio.sleep(self._chaos.random.uniform(0.0, MOMENT_SECONDS_MAX))
        target = self._chaos.random.choice(TARGETS)
        pid = await until(lambda: self._pid(target), timeout_seconds=BACK_SECONDS_MAX)
        assert pid is not None, "until() waited for one"
        in_flight = +self._calls.in_flight
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._killed[target] = pid
        self._counts[target] += 1
        self.met += bool(in_flight)
        flying = ", ".join(f"{count} {name}" for name, count in sorted(in_flight.items()))
        self._chaos.say(
            f"kill {number}/{rounds}: {target} (process {pid}); in flight: {flying or 'nothing'};"
            f" acknowledged so far: {self._calls.acknowledged.total():,}"
        )

    def _pid(self, target: str) -> int | None:
        """A process that was not killed before; one that is still listed may be gone already."""
        name = target.rpartition(" ")[2]
        pid: int | None = self._suite.stack.pids[name]
        if target != name:
            pid = self._session_of(pid)
        return None if pid in self._killed.values() else pid

    def _session_of(self, postmaster: int | None) -> int | None:
        try:
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        except FileNotFoundError:
            return None
        return self._chaos.random.choice([int(child) for child in children]) if children else None


async def _fund(calls: Calls, accounts: list[str]) -> None:
    operator = calls.credits_as(callers.operator())
    for account_id in accounts:
        await operator.Grant(
            billing.GrantRequest(
                request_id=new_id(),
                account_id=account_id,
                amount=CREDITS,
                category=billing.CreditGrant.CATEGORY_PAID,
            )
        )


async def _settle(report: Report, suite: RunningSuite, calls: Calls, accounts: list[str]) -> None:
    """Reads book what has run out; and what nobody reads, the sweeper. Then waits for the events."""
    left = 0
    for account_id in accounts:
        asked = datetime.now(UTC)
        await calls.read(calls.credits().GetBalance, billing.GetBalanceRequest(), account_id=account_id)
        left += await asyncio.to_thread(overdue, suite, account_id, asked)
    report.promise("No hold outlives its expiry where somebody looks", holds=left == 0, found=f"{left} holds")

    def swept() -> bool:
        return not suite.rows(
            "SELECT FROM billing.reservation WHERE status = 'active' AND expires_at < now() - interval '5 s'"
        )

    def published() -> bool:
        return not suite.rows("SELECT FROM billing.outbox WHERE published_at IS NULL LIMIT 1")

    def runs() -> bool:
        return all(row.health in ("ready", "running") for row in of_suite(suite.stack))

    await _promise_in_time(report, "The sweeper ends what nobody looks at", swept)
    await _promise_in_time(report, "Events arrive", published)
    await _promise_in_time(report, "Everything runs", runs)


async def _promise_in_time(report: Report, says: str, condition: Callable[[], bool]) -> None:
    try:
        await until(lambda: asyncio.to_thread(condition), timeout_seconds=BACK_SECONDS_MAX)
    except AssertionError as late:
        report.promise(says, holds=False, found=late)
    else:
        report.promise(says, holds=True)


def _figures(calls: Calls) -> dict[str, str]:
    return {
        "acknowledged": f"{calls.acknowledged.total():,}",
        "refused": ", ".join(f"{count:,} {reason}" for reason, count in sorted(calls.refused.items())),
        "given up without an answer": f"{calls.abandoned.total():,}",
        "asked again after a failure": f"{calls.retried:,}",
        "asked again after the answer": f"{calls.repeated:,}",
        **{f"acknowledged: {name}": f"{count:,}" for name, count in sorted(calls.acknowledged.items())},
    }

"""An embedded suite for benchmarks of the whole: rate limits off, credits enough, and publisher called as the ai service does."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg2

from chassis.channel import Channels
from chassis.clock import SystemClock
from chassis.identity import Keyring
from chassis.service_tokens import ServiceTokens, acting_for
from suite import secrets
from suite.rest import Api
from tests.chaos.suites import RATE_LIMITS_OFF
from tests.journeys.suites import RunningSuite, running

CREDITS: Final = 1_000_000
SECONDS_MAX: Final = 300.0
POLL_SECONDS: Final = 0.03


@contextlib.contextmanager
def suite(
    environment: Mapping[str, str], *, module: str = "suite.cli", arguments: Sequence[str] = ("up",)
) -> Iterator[RunningSuite]:
    """A new suite until the block ends, with this besides in its environment."""
    outer = Path(tempfile.mkdtemp(prefix="igny8-bench-"))
    # Root's PostgreSQL runs as another user, who must get there.
    outer.chmod(0o711)
    try:
        with running(
            outer / "data",
            module=module,
            arguments=arguments,
            environment=RATE_LIMITS_OFF | dict(environment),
        ) as up:
            yield up
    finally:
        shutil.rmtree(outer)


async def until(suite: RunningSuite, query: str, **parameters: Any) -> None:
    """Waits until a query gives true. It is asked on one connection, so that asking costs the suite next to nothing."""
    await asyncio.to_thread(_until, suite, query, parameters)


def _until(suite: RunningSuite, query: str, parameters: Mapping[str, Any]) -> None:
    deadline = time.perf_counter() + SECONDS_MAX
    with contextlib.closing(psycopg2.connect(suite.stack.read_only_database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while time.perf_counter() < deadline:
                cursor.execute(query, parameters)
                ((there,),) = cursor.fetchall()
                if there:
                    return
                time.sleep(POLL_SECONDS)
    raise AssertionError(f"it took longer than {SECONDS_MAX:g} s until {query}")


@contextlib.asynccontextmanager
async def account(suite: RunningSuite) -> AsyncIterator[tuple[Api, str]]:
    """The demo account's API with plenty of credits, and its id."""
    async with suite.api() as api, suite.api("operator") as operator:
        account_id = (await api.get("/api/v1/auth/me"))["account"]["id"]
        grant = {
            "account_id": account_id,
            "amount": CREDITS,
            "category": "promotional",
            "description": "Credits for a benchmark",
        }
        await operator.post("/api/v1/credits/grants", grant, key=f"bench:{account_id}")
        yield api, account_id


@contextlib.asynccontextmanager
async def as_ai(suite: RunningSuite, account_id: str, stub: Any) -> AsyncIterator[Any]:
    """A stub of publisher, called by the ai service for the account."""
    keyring = Keyring.from_secret(secrets.load_or_make(suite.data_dir).secret_key)
    channels = Channels(ServiceTokens(keyring, "ai", SystemClock()))
    try:
        with acting_for(account_id):
            yield channels.stub("publisher", suite.stack.grpc["publisher"], stub)
    finally:
        await channels.close()

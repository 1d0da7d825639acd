"""Whether a service can do its work just now: its database answers and is migrated. Told by gRPC health and `/readyz`."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, text

from chassis import logs, migration_files
from chassis.lifecycle import Shutdown
from chassis.nats import Bus
from chassis.refusal import Overloaded, Refusal
from chassis.server import Server
from chassis.transaction import Transaction, Transactions

CHECK_SECONDS: Final = 2.0
FIRST_WAIT_SECONDS: Final = 0.1
WAIT_SECONDS_MAX: Final = 2.0
WARN_EVERY_SECONDS: Final = 10.0


IsMigrated = Callable[[frozenset[str]], bool]
"""Whether a schema with these revisions applied is one the program can work on."""


def migrated_for(service: str) -> IsMigrated:
    """At the newest revision of the service's files, or at one they do not know: while a new release is rolled
    out, programs of the last one go on working on a schema that is ahead of them."""
    heads, known = migration_files.heads(service), migration_files.known(service)
    return lambda applied: bool(applied) and (applied >= heads or not applied <= known)


class NotMigrated(Refusal):
    """The schema is behind the program."""

    reason = "SERVICE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("The database schema is not migrated yet.", metadata={"service": "database"})


class Readiness:
    """Asks the database now and then, and tells the server and the operator's port."""

    def __init__(
        self,
        transactions: Transactions[Any],
        server: Server,
        *,
        is_migrated: IsMigrated,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        self.ready = asyncio.Event()
        self._transactions = transactions
        self._server = server
        self._is_migrated = is_migrated
        self._database = "waiting"
        self._bus: Bus | None = None
        self._serving = False
        self._check_seconds = check_seconds

    def watch_bus(self, bus: Bus) -> None:
        """Reports this connection from now on."""
        self._bus = bus

    def report(self) -> tuple[bool, Mapping[str, str]]:
        """Whether the service is ready, and its dependencies by name. NATS away is no reason not to be: the
        outbox keeps what was to be said."""
        connected = self._bus is not None and self._bus.is_connected
        return self.ready.is_set(), {"database": self._database, "nats": "ok" if connected else "waiting"}

    async def set_serving(self, serving: bool) -> None:
        """Tells everybody whether calls are welcome; False also stands when the database is well."""
        self._serving = serving
        await self._tell()

    async def wait_for_database(self, shutdown: Shutdown) -> bool:
        """Waits until it answers and is migrated; False when asked to end before."""
        wait, began, warned = FIRST_WAIT_SECONDS, time.monotonic(), 0.0
        while not await self._check():
            waited = time.monotonic() - began
            if warned == 0.0 or waited - warned > WARN_EVERY_SECONDS:
                log = logs.get_logger()
                (log.warning if warned else log.info)(
                    "waiting for the database", state=self._database, waited_seconds=round(waited, 1)
                )
                warned = max(waited, 0.001)
            if await shutdown.wait(timeout_seconds=wait):
                return False
            wait = min(wait * 2, WAIT_SECONDS_MAX)
        return not shutdown.asked

    async def watch(self) -> None:
        """Asks now and then, for ever."""
        while True:
            await asyncio.sleep(self._check_seconds)
            before = self._database
            await self._check()
            if self._database != before:
                log = logs.get_logger()
                (log.info if self._database == "ok" else log.warning)("the database", state=self._database)
                await self._tell()

    async def _check(self) -> bool:
        try:
            await self._transactions.run(self._ask)
            self._database = "ok"
        except Overloaded:
            # Every thread has work: that is no sign of a database that is away.
            self._database = "ok" if self._database == "ok" else "busy"
        except NotMigrated:
            self._database = "not migrated"
        except Refusal as refusal:
            self._database = refusal.reason.lower().replace("_", " ")
        return self._database == "ok"

    def _ask(self, tx: Transaction) -> None:
        if self._database == "ok":
            tx.connection.execute(text("SELECT 1"))
            return
        if not self._is_migrated(_applied(tx.connection)):
            raise NotMigrated

    async def _tell(self) -> None:
        ready = self._serving and self._database == "ok"
        if ready:
            self.ready.set()
        else:
            self.ready.clear()
        await self._server.set_serving(ready)


def _applied(connection: Connection) -> frozenset[str]:
    """The revisions the schema of the connection's search_path is at; none where it was never migrated."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return frozenset()
    return frozenset(connection.scalars(text("SELECT version_num FROM alembic_version")))

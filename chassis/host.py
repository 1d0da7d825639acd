"""Puts a service together and runs it: database, outbox, NATS, consumers, server and loops, started and ended in order."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import grpc
from sqlalchemy import Connection

from chassis import logs, service_tokens, telemetry
from chassis.background import Background, Loop, measure_loop_lag
from chassis.channel import Channels
from chassis.clock import Clock, SystemClock
from chassis.consuming import Consumer
from chassis.database import open_engine
from chassis.housekeeping import Housekeeper
from chassis.identity import Keyring, TokenIssuer, TokenVerifier
from chassis.internal_http import InternalHttp
from chassis.lifecycle import Shutdown
from chassis.nats import Bus
from chassis.outbox import Encode, Outbox
from chassis.readiness import IsMigrated, Readiness, migrated_for
from chassis.relay import Relay
from chassis.server import Server, Servicer
from chassis.settings import ServiceSettings
from chassis.transaction import Transaction, Transactions

Tx = TypeVar("Tx", bound=Transaction)
Stub = TypeVar("Stub")

START_SECONDS_MAX: Final = 120.0
"""A service whose database is not there by then ends, so that whoever started it hears of it."""

WORK_SECONDS_MAX: Final = 15.0
"""What calls, jobs and loops in progress get to end by themselves when the process is told to."""

DRAIN_SECONDS_MAX: Final = 25.0
"""The whole end takes no longer: a supervisor kills at 30 s."""

_RELAY: Final = "outbox relay"
_NATS: Final = "nats"
_HOUSEKEEPING: Final = "housekeeping"


class StartFailed(Exception):
    """Something the service cannot be without did not come up in time."""


class Host(Generic[Tx]):
    """One service process. `async with Host(…) as host:` add servicers, consumers and loops, then `await host.run()`."""

    def __init__(
        self,
        *,
        name: str,
        settings: ServiceSettings,
        transaction: Callable[[Connection], Tx],
        encode: Encode,
        is_migrated: IsMigrated | None = None,
        clock: Clock | None = None,
        start_seconds_max: float = START_SECONDS_MAX,
    ) -> None:
        """The service begins to serve once `is_migrated` says so of its schema; by default, once it is at the
        newest revision of `services/<name>/store/migrations`. Raises MigrationsMissing where there is none."""
        self.name = name
        self.settings = settings
        self.clock = clock or SystemClock()
        self.shutdown = Shutdown()
        self.keyring = Keyring.from_secret(settings.secret_key.get_secret_value())
        self._start_seconds_max = start_seconds_max
        self._dsn = settings.database_url.get_secret_value()
        self._engine = open_engine(self._dsn, service=name, pool_size=settings.database_connections)
        self._outbox = Outbox(service=name, encode=encode, clock=self.clock)
        self.transactions: Transactions[Tx] = Transactions(
            self._engine, transaction, outbox=self._outbox, threads=settings.database_connections
        )
        self.server = Server(
            TokenVerifier(self.keyring, audience=name, clock=self.clock),
            reflection=settings.grpc_reflection,
            concurrent_calls_max=settings.concurrent_calls_max,
        )
        self._channels = Channels(service_tokens.ServiceTokens(self.keyring, name, self.clock))
        self._background = Background()
        self._consumers: list[Consumer[Tx]] = []
        self._loops: dict[str, Loop] = {}
        self._bus: Bus | None = None
        self._readiness = Readiness(
            self.transactions, self.server, is_migrated=is_migrated or migrated_for(name)
        )
        self._http = InternalHttp(self._readiness.report)
        self._log = logs.get_logger()

    async def __aenter__(self) -> Self:
        telemetry.configure(self.name, self.settings.otlp_endpoint)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    def add_servicer(self, add: Callable[[Servicer, Any], None], servicer: Servicer) -> None:
        """Serves a servicer: `add_servicer(billing.add_CreditServiceServicer_to_server, CreditServicer(…))`."""
        self.server.add_servicer(add, servicer)

    def add_consumer(self, consumer: Consumer[Tx]) -> None:
        """Runs a consumer of events or jobs while the service serves and NATS is there."""
        self._consumers.append(consumer)

    def add_task(self, name: str, loop: Loop) -> None:
        """Runs a loop while the service serves; started again with back-off whenever it raises."""
        self._loops[name] = loop

    def client(self, callee: str, stub: Callable[[grpc.aio.Channel], Stub]) -> Stub:
        """A stub for another service at its address of the settings: deadlines, token, trace and retries attached."""
        return self._channels.stub(callee, self.settings.address_of(callee), stub)

    def acting_for(self, account_id: str | None) -> AbstractContextManager[None]:
        """Calls made inside carry this account in their token."""
        return service_tokens.acting_for(account_id)

    def token_issuer(self) -> TokenIssuer:
        """Issues tokens as this service."""
        return TokenIssuer(self.keyring, self.name, self.clock)

    @property
    def ready(self) -> asyncio.Event:
        """Set while the service serves."""
        return self._readiness.ready

    async def run(self, *, signals: bool = True) -> None:
        """Serves until SIGTERM, SIGINT or `shutdown.ask`, then lets the work in progress end.

        It starts before its database is there and waits for it. Raises StartFailed when that takes over two
        minutes, AddressTaken or AccessUndeclared when the server cannot start.
        """
        if signals:
            with self.shutdown.on_signals():
                await self._serve()
        else:
            await self._serve()

    async def _serve(self) -> None:
        if self.settings.metrics_port:
            await self._http.start(self.settings.metrics_host, self.settings.metrics_port)
        port = await self.server.start(self.settings.listen_address)
        self._background.start("loop lag", measure_loop_lag)
        try:
            if await self._database_is_there():
                self._start_work()
                await self._readiness.set_serving(True)
                self._log.info("serving", port=port)
                await self.shutdown.wait()
            self._log.info("ending", reason=self.shutdown.reason)
        finally:
            await self._drain()

    async def _database_is_there(self) -> bool:
        """Waits for the database and its migrations; False when the process is asked to end meanwhile."""
        try:
            async with asyncio.timeout(self._start_seconds_max):
                return await self._readiness.wait_for_database(self.shutdown)
        except TimeoutError:
            raise StartFailed(
                f"The database of {self.name} was not there and migrated within {self._start_seconds_max:g} seconds."
            ) from None

    def _start_work(self) -> None:
        self._background.start("readiness", self._readiness.watch)
        self._background.start(_NATS, self._work_with_nats)
        self._background.start(_HOUSEKEEPING, Housekeeper(self.transactions, self.clock).run)
        for name, loop in self._loops.items():
            self._background.start(name, loop)

    async def _work_with_nats(self) -> None:
        """Connects, however long it takes, and only then starts what needs NATS; until then the outbox keeps all."""
        if self._bus is None:
            self._bus = await Bus.connect(
                self.settings.nats_url.get_secret_value(), name=f"igny8-{self.name}", wait=True
            )
            self._bus.on_closed(lambda: self.shutdown.ask("the connection to NATS was closed for good"))
        bus = self._bus
        # When the streams cannot be made yet this raises, and begins again here after a while.
        await bus.ensure_streams()
        self._readiness.watch_bus(bus)
        self._background.start(_RELAY, lambda: Relay(dsn=self._dsn, outbox=self._outbox, bus=bus).run())
        for consumer in self._consumers:
            self._background.start(_of(consumer), partial(consumer.run, bus, self.transactions))

    async def _drain(self) -> None:
        """Ends in this order: no new calls, no new work, what is in progress, the relay, the connections."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                await self._readiness.set_serving(False)
                await asyncio.sleep(self.settings.drain_wait_seconds)
                working = [
                    name
                    for name in (
                        "readiness",
                        _NATS,
                        _HOUSEKEEPING,
                        *self._loops,
                        *(_of(one) for one in self._consumers),
                    )
                    if name in self._background
                ]
                await asyncio.gather(
                    self._background.stop(working, timeout_seconds=WORK_SECONDS_MAX + 2),
                    self.server.stop(WORK_SECONDS_MAX),
                )
                # Last, so that what the calls and jobs above have committed still goes out.
                await self._background.stop(timeout_seconds=3)
        except TimeoutError:
            self._log.warning("did not end in time; the rest is cut off", seconds=DRAIN_SECONDS_MAX)

    async def _close(self) -> None:
        await self._background.stop(timeout_seconds=1)
        await self._channels.close()
        await self._http.stop()
        if self._bus is not None:
            await self._bus.close()
        await asyncio.to_thread(self._close_blocking)

    def _close_blocking(self) -> None:
        self.transactions.close()
        self._engine.dispose()
        telemetry.flush()


def _of(consumer: Consumer[Any]) -> str:
    return f"consumer {consumer.name}"

"""The embedded suite: which processes it has, with which environment, and how it comes up and goes down."""

import asyncio
import contextlib
import dataclasses
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from suite import bootstrap_state, databases, migrations, secrets, stack
from suite.child import Child, ServiceProcess, service_environment
from suite.embedded import nats, postgres, process
from suite.embedded.ports import LOOPBACK, reserve_port
from suite.lock import locked
from suite.logs import log_file
from suite.settings import SuiteSettings
from suite.stack import StackFile
from suite.supervisor import RESTART_SECONDS_MAX, ChildFailed, Supervisor, exit_of

WhileRunning = Callable[[StackFile], Awaitable[int]]

PREFERRED_PORTS = {"billing": 50051, "ai": 50052, "notifications": 50053, "publisher": 50054}
_METRICS_PORT_FIRST = 9101

INTERRUPTED = 130
"""Exit status when a person or the system ended it before the work was done."""

PROGRAMS: Mapping[str, str] = {
    "billing": "services.billing",
    "notifications": "services.notifications",
    "publisher": "services.publisher",
    "ai": "services.ai",
    "ai-worker": "services.ai.worker",
    "gateway": "gateway",
}
"""Module by process, in the order of who needs whom: they end in the opposite one."""


async def run(
    settings: SuiteSettings,
    *,
    say: Callable[[str], None],
    while_running: WhileRunning,
    programs: Mapping[str, str] = PROGRAMS,
    restart_seconds_max: float = RESTART_SECONDS_MAX,
) -> int:
    """Bring the suite up, await `while_running(stack)`, and bring it down; returns the exit status.

    SIGINT, SIGTERM or SIGHUP cancels `while_running`, and the status is then 130; a second one kills what is slow
    to end. Raises FolderInUse,
    ChildFailed, ServerFailed, OSError (no free port). Call from the main thread's event loop.
    """
    with locked(settings.data_dir):
        suite = _Suite(settings, say=say, programs=programs, restart_seconds_max=restart_seconds_max)
        work = asyncio.create_task(suite.work(while_running))
        suite.stop_on_signals(work)
        try:
            return await work
        except asyncio.CancelledError:
            return INTERRUPTED
        finally:
            stack.remove(settings.data_dir)
            await suite.go_down()


async def make_usable(settings: SuiteSettings, *, say: Callable[[str], None]) -> None:
    """Once the suite is up: the operator's key, the price list and the demo account, where they are not there yet.

    Raises ChildFailed.
    """
    if not bootstrap_state.needed(settings.data_dir):
        return
    say("Making the suite ready for use: operator, prices, demo account.")
    await _run_module(
        "suite.bootstrap",
        log=log_file(settings.data_dir, "bootstrap"),
        environment={
            "IGNY8_DATA_DIR": str(settings.data_dir),
        },
    )


async def _run_module(module: str, *, log: Path, environment: dict[str, str]) -> None:
    """Run a module in a process of its own, so that what it needs in memory is gone with it. Raises ChildFailed."""
    child = process.start(
        [sys.executable, "-m", module], log=log, environment=service_environment(**environment)
    )
    await exit_of(child.pid)
    if child.wait() != 0:
        raise ChildFailed(
            f"{module} ended with status {child.returncode}; its log is {log}:\n{process.last_words(log)}"
        )


class _Suite:
    def __init__(
        self,
        settings: SuiteSettings,
        *,
        say: Callable[[str], None],
        programs: Mapping[str, str],
        restart_seconds_max: float,
    ) -> None:
        self.settings = settings
        self.programs = programs
        self.say = say
        self.supervisor = Supervisor(
            say=say, on_change=self._write_pids, restart_seconds_max=restart_seconds_max
        )
        self._stack: StackFile | None = None
        self._held = contextlib.ExitStack()
        """The ports of everything: a process that was killed finds its own free when it starts again."""

    async def work(self, while_running: WhileRunning) -> int:
        self._stack = self._with_pids(await self._come_up())
        self._stack.write(self.settings.data_dir)
        running = asyncio.ensure_future(while_running(self._stack))
        watching = asyncio.create_task(self.supervisor.watch())
        try:
            await asyncio.wait([running, watching], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return running.result()
            watching.result()
            raise AssertionError("watch() only ends by raising")
        finally:
            running.cancel()
            watching.cancel()
            await asyncio.wait([running, watching])

    async def go_down(self) -> None:
        with self._held:
            await self.supervisor.stop()

    def stop_on_signals(self, work: "asyncio.Task[int]") -> None:
        def on_signal() -> None:
            if work.cancelling() or work.done():
                self.supervisor.hurry.set()
                return
            self.say("Stopping; once more to stop at once.")
            work.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, on_signal)

    async def _come_up(self) -> StackFile:
        data_dir = self.settings.data_dir
        kept = secrets.load_or_make(data_dir)
        database = postgres.EmbeddedPostgres(
            data_dir / "postgres",
            password=kept.postgres,
            port=postgres.DEFAULT_PORT,
            log=log_file(data_dir, "postgres"),
            say=self.say,
        )
        bus = nats.EmbeddedNats(
            data_dir / "nats",
            password=kept.nats,
            port=nats.DEFAULT_PORT,
            monitoring_port=nats.DEFAULT_MONITORING_PORT,
            log=log_file(data_dir, "nats"),
            say=self.say,
        )
        self._held.callback(database.stop)
        self._held.callback(bus.stop)
        await self.supervisor.start(database, bus)
        self.say(f"PostgreSQL (port {database.port}) and NATS (port {bus.port}) are ready.")
        owner_dsn = databases.prepare(database.dsn(), passwords=kept.roles)
        await self._migrate(owner_dsn)
        ports = self._choose_ports()
        await self.supervisor.start(*self._services(ports, kept=kept, owner_dsn=owner_dsn, nats_url=bus.url))
        self.say(f"{', '.join(self.programs)} are ready.")
        return StackFile(
            gateway_url=f"http://{LOOPBACK}:{ports['gateway']}",
            grpc={service: f"{LOOPBACK}:{ports[service]}" for service in PREFERRED_PORTS},
            nats_url=bus.url,
            database_url=databases.with_all_schemas(owner_dsn),
            read_only_database_url=databases.with_user(
                owner_dsn,
                user=databases.role_of(databases.READ_ONLY),
                password=kept.roles[databases.READ_ONLY],
            ),
            metrics={name: f"http://{LOOPBACK}:{ports[_metrics(name)]}" for name in self.programs},
        )

    async def _migrate(self, owner_dsn: str) -> None:
        behind = migrations.pending(owner_dsn)
        if not behind:
            return
        self.say(f"Migrating the database of {', '.join(behind)}.")
        await _run_module(
            "suite.migrations",
            log=log_file(self.settings.data_dir, "migrations"),
            environment={"IGNY8_ADMIN_DATABASE_URL": owner_dsn},
        )

    def _choose_ports(self) -> dict[str, int]:
        """A port per process and purpose; the next free one where somebody has it, which is said."""
        wanted = {**PREFERRED_PORTS, "gateway": self.settings.port}
        wanted |= {_metrics(name): _METRICS_PORT_FIRST + number for number, name in enumerate(self.programs)}
        chosen: dict[str, int] = {}
        for name, preferred in wanted.items():
            # Nor is it another one's preferred port, or one stranger would move all of ours by one.
            others = {port for port in wanted.values() if port != preferred}
            reserved = self._held.enter_context(reserve_port(preferred, taken=others | set(chosen.values())))
            chosen[name] = reserved.port
            if chosen[name] != preferred:
                self.say(f"Port {preferred} is taken; {name} listens on {chosen[name]}.")
        return chosen

    def _services(
        self, ports: dict[str, int], *, kept: secrets.Secrets, owner_dsn: str, nats_url: str
    ) -> list[Child]:
        common = {
            "IGNY8_NATS_URL": nats_url,
            "IGNY8_SECRET_KEY": kept.secret_key,
            "IGNY8_DATA_DIR": str(self.settings.data_dir),
            "PORT": str(ports["gateway"]),
            **{f"IGNY8_{name.upper()}_ADDR": f"{LOOPBACK}:{ports[name]}" for name in PREFERRED_PORTS},
        }
        children: list[Child] = []
        for name, module in self.programs.items():
            own = {"IGNY8_METRICS_PORT": str(ports[_metrics(name)])}
            service = name.partition("-")[0]
            if service in databases.SERVICES:
                own[f"IGNY8_{service.upper()}_DATABASE_URL"] = databases.with_user(
                    owner_dsn, user=databases.role_of(service), password=kept.roles[service]
                )
            port = ports["gateway"] if name == "gateway" else ports[_metrics(name)]
            children.append(
                ServiceProcess(
                    name,
                    command=[sys.executable, "-m", module],
                    environment=service_environment(**common, **own),
                    log=log_file(self.settings.data_dir, name),
                    ready_url=f"http://{LOOPBACK}:{port}/readyz",
                )
            )
        return children

    def _write_pids(self) -> None:
        if self._stack is not None:
            self._stack = self._with_pids(self._stack)
            self._stack.write(self.settings.data_dir)

    def _with_pids(self, known: StackFile) -> StackFile:
        return dataclasses.replace(known, pids={"supervisor": os.getpid(), **self.supervisor.pids})


def _metrics(name: str) -> str:
    return f"{name} metrics"

"""Keeps children running: starts them, starts those that die again with back-off, and ends all of them in order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable

from suite.child import Child
from suite.embedded.process import ServerFailed, last_words

EXIT_SETTINGS_INVALID = 78
"""EX_CONFIG of sysexits.h: a child that ends with it will not do better a second time."""

_DELAY_FIRST_SECONDS = 0.2
RESTART_SECONDS_MAX = 5.0
_LIVED_WELL_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.05
_DEATHS_BEFORE_READY_MAX = 5


class ChildFailed(Exception):
    """A child cannot be brought to work; the message has its last words and where its log is."""


class Supervisor:
    """Groups of children; the last group started ends first, and within one the last child.

    Lives in the main thread's event loop.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None],
        on_change: Callable[[], None] = lambda: None,
        restart_seconds_max: float = RESTART_SECONDS_MAX,
    ) -> None:
        """`say` gets one line for people; `on_change` is called when a process id has changed.
        `restart_seconds_max` bounds the wait before a child that died again and again is started anew."""
        self.say = say
        self.restart_seconds_max = restart_seconds_max
        self.on_change = on_change
        self.hurry = asyncio.Event()
        """Set, it ends the patience of a stop() under way: what still runs is killed."""
        self._groups: list[list[_Kept]] = []
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of the children that were started, by name."""
        children = [kept.child for group in self._groups for kept in group]
        return {child.name: child.pid for child in children if child.pid is not None}

    async def start(self, *children: Child, timeout_seconds: float = 60.0) -> None:
        """Start these at once, as one group, and wait until all are ready.

        Raises ChildFailed when one is not ready in time or keeps dying; stop() is then still due.
        """
        group = [_Kept(child, supervisor=self) for child in children]
        self._groups.append(group)
        for kept in group:
            kept.begin()
        ready = asyncio.ensure_future(_all_ready(group))
        outcomes: list[asyncio.Future[None]] = [ready, self._failed]
        try:
            await asyncio.wait(outcomes, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if ready.done():
            return
        if self._failed.done():
            self._failed.result()
        late = [kept.child for kept in group if not kept.ready.is_set()]
        told = "\n".join(f"{child.name}: {last_words(child.log)}" for child in late)
        raise ChildFailed(
            f"Not ready after {timeout_seconds:g} s: {', '.join(child.name for child in late)}. "
            f"The logs are in {late[0].log.parent}.\n{told}"
        )

    async def watch(self) -> None:
        """Wait for ever, or until a child cannot be brought to work: raises ChildFailed."""
        await asyncio.shield(self._failed)

    async def stop(self, *, grace_seconds: float = 30.0) -> None:
        """End all children, each after those that may still need it. A group has the grace to end by itself;
        then what is left of it is killed, and that is said."""
        for kept in (kept for group in self._groups for kept in group):
            kept.stopping = True
        for group in reversed(self._groups):
            await self._stop_group(
                group, deadline=time.monotonic() + grace_seconds, grace_seconds=grace_seconds
            )
        if self._failed.done():
            self._failed.exception()

    async def _stop_group(self, group: list["_Kept"], *, deadline: float, grace_seconds: float) -> None:
        # However long the first ones take, each of the others keeps this much time after being asked.
        reserve_seconds = min(2.0, grace_seconds / 2 / len(group))
        for left, kept in reversed(list(enumerate(group))):
            kept.ask_to_end()
            await self._wait(kept, until=deadline - left * reserve_seconds)
        for kept in reversed(group):
            await self._wait(kept, until=deadline)
            if not kept.has_ended():
                self.say(f"{kept.child.name} did not end when asked to; it is killed.")
                await kept.make_end()

    async def _wait(self, kept: "_Kept", *, until: float) -> None:
        """Wait for the child's end, till that time or hurry."""
        hurried = asyncio.create_task(self.hurry.wait())
        await asyncio.wait(
            [kept.task, hurried],
            timeout=max(until - time.monotonic(), 0.0),
            return_when=asyncio.FIRST_COMPLETED,
        )
        hurried.cancel()

    def fail(self, message: str) -> None:
        """Tell whoever waits in start() or watch() that a child cannot be brought to work."""
        if not self._failed.done():
            self._failed.set_exception(ChildFailed(message))


class _Kept:
    """One child and the task that keeps it running."""

    def __init__(self, child: Child, *, supervisor: Supervisor) -> None:
        self.child = child
        self.ready = asyncio.Event()
        self.stopping = False
        self._supervisor = supervisor
        self._was_ever_ready = False
        self._deaths = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def task(self) -> asyncio.Task[None]:
        assert self._task is not None, "begin() comes first"
        return self._task

    def begin(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.child.name}")

    def has_ended(self) -> bool:
        return self.task.done()

    def ask_to_end(self) -> None:
        if self.child.pid is None or self.child.returncode() is not None:
            self.task.cancel()
        else:
            self._send(self.child.stop_signal)

    async def make_end(self) -> None:
        self._send(signal.SIGKILL)
        await asyncio.wait([self.task], timeout=5.0)

    async def _keep(self) -> None:
        delay_seconds = _DELAY_FIRST_SECONDS
        again = False
        while not self.stopping:
            began = time.monotonic()
            how = await self._live_once(again=again)
            if self.stopping:
                return
            lived_seconds = time.monotonic() - began
            if lived_seconds >= _LIVED_WELL_SECONDS:
                delay_seconds = _DELAY_FIRST_SECONDS
            self._supervisor.say(
                f"{self.child.name} {how} after {lived_seconds:.1f} s; it starts again in {delay_seconds:g} s."
            )
            await asyncio.sleep(delay_seconds)
            delay_seconds = min(delay_seconds * 2, self._supervisor.restart_seconds_max)
            again = True

    async def _live_once(self, *, again: bool) -> str:
        """Start the child, wait for its end, and say in words how it ended."""
        self.ready.clear()
        try:
            self.child.launch()
        except (ServerFailed, OSError) as error:
            self._count_death()
            return f"could not be started ({error})"
        self._supervisor.on_change()
        looking = asyncio.create_task(self._look_for_readiness(again=again))
        try:
            assert self.child.pid is not None, "it was launched"
            await exit_of(self.child.pid)
        finally:
            looking.cancel()
        code = self.child.returncode()
        if code == EXIT_SETTINGS_INVALID and not self.stopping:
            self._supervisor.fail(f"{self.child.name} refuses its settings:\n{last_words(self.child.log)}")
        self._count_death()
        return (
            f"was ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with status {code}"
        )

    def _count_death(self) -> None:
        """A child that never worked and died often is a fault of the installation, for a person to see."""
        self._deaths += 1
        if self._deaths >= _DEATHS_BEFORE_READY_MAX and not self._was_ever_ready and not self.stopping:
            self._supervisor.fail(
                f"{self.child.name} died {self._deaths} times before it was ready. "
                f"Its log is {self.child.log}:\n{last_words(self.child.log)}"
            )

    async def _look_for_readiness(self, *, again: bool) -> None:
        while True:
            if await asyncio.to_thread(self.child.is_ready):
                break
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
        self._was_ever_ready = True
        self.ready.set()
        if again:
            self._supervisor.say(f"{self.child.name} is ready again.")

    def _send(self, sent: signal.Signals) -> None:
        if self.child.pid is None:
            return
        try:
            os.kill(self.child.pid, sent)
        except ProcessLookupError:
            return


async def _all_ready(group: list[_Kept]) -> None:
    for kept in group:
        await kept.ready.wait()


async def exit_of(pid: int) -> None:
    """Wait until that process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)

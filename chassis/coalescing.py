"""Write coalescing: what arrives while one transaction commits is taken together in the next one, by one writer thread."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from prometheus_client import Histogram

from chassis.refusal import Overloaded, Refusal

Order = TypeVar("Order")
Result = TypeVar("Result")

QUEUED_MAX: Final = 8_192
"""More orders than this are refused at once: they would wait longer than their callers."""

QUEUE_SECONDS_MAX: Final = 2.0
"""An order that was not taken within this time is refused, and has not begun."""

SIZE = Histogram(
    "coalesced_orders",
    "Orders taken together in one transaction.",
    buckets=[1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
)


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Order, Result]):
    order: Order
    weight: int
    answer: "asyncio.Future[Result]"
    loop: asyncio.AbstractEventLoop
    since: float


class Coalescer(Generic[Order, Result]):
    """Collects orders and hands them to `write` in batches, from one thread and in the order they came.

    `write` commits a batch and gives a result for each order; a result that is an exception is raised to the one
    who ordered. When `write` itself raises for several orders, each is tried again alone, so that one that
    cannot be written takes no other down with it.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Order]], Sequence[Result | Exception]],
        *,
        name: str,
        weight_max: int = 512,
    ) -> None:
        self._write = write
        self._weight_max = weight_max
        self._queue: deque[_Waiting[Order, Result]] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def submit(self, order: Order, *, weight: int = 1) -> Result:
        """What the order came to once it is committed. Raises what it was refused for, and Overloaded.

        Whoever stops waiting before it was taken has not ordered it.
        """
        if len(self._queue) >= QUEUED_MAX:
            raise Overloaded
        loop = asyncio.get_running_loop()
        waiting = _Waiting(order, weight, loop.create_future(), loop, time.monotonic())
        with self._changed:
            if self._ending:
                raise Overloaded
            self._queue.append(waiting)
            self._changed.notify()
        result: Result = await waiting.answer
        return result

    def close(self) -> None:
        """Writes what is waiting and ends the thread."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next():
            SIZE.observe(len(batch))
            results = self._results(batch)
            _answer(batch, results)

    def _next(self) -> "list[_Waiting[Order, Result]]":
        """The next batch, waiting for one; none at the end."""
        while True:
            with self._changed:
                while not self._queue and not self._ending:
                    self._changed.wait()
                taken = self._take()
            late = [each for each in taken if time.monotonic() - each.since > QUEUE_SECONDS_MAX]
            _answer(late, [Overloaded() for _ in late])
            batch = [each for each in taken if each not in late and not each.answer.cancelled()]
            if batch or not taken:
                return batch

    def _take(self) -> "list[_Waiting[Order, Result]]":
        taken: list[_Waiting[Order, Result]] = []
        weight = 0
        while self._queue and (not taken or weight + self._queue[0].weight <= self._weight_max):
            weight += self._queue[0].weight
            taken.append(self._queue.popleft())
        return taken

    def _results(self, batch: "list[_Waiting[Order, Result]]") -> Sequence[Result | Exception]:
        try:
            return self._write([each.order for each in batch])
        except Refusal as refusal:
            # The database could not, whoever asks: to ask again for each would only keep the others waiting.
            return [refusal] * len(batch)
        except Exception as error:
            if len(batch) == 1:
                return [error]
        return [self._results([each])[0] for each in batch]


def _answer(batch: "list[_Waiting[Order, Result]]", results: "Sequence[Result | Exception]") -> None:
    """Hands the results to the loops that wait for them, each loop woken once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Result], Result | Exception]]] = {}
    for each, result in zip(batch, results, strict=True):
        by_loop.setdefault(each.loop, []).append((each.answer, result))
    for loop, answers in by_loop.items():
        # A loop that has ended has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: "list[tuple[asyncio.Future[Result], Result | Exception]]") -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

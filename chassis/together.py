"""Writing or reading for many at once: what is ordered while one batch is at work, or within a moment, goes into the next."""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from chassis.refusal import Refusal

Order = TypeVar("Order")
Result = TypeVar("Result")

LINGER_SECONDS: Final = 0.03
"""An order waits so long for those of other items; answers of calls that began together come together."""

ORDERS_MAX: Final = 32
"""More do not go into one batch: each may hold a picture, and all of them wait for the slowest."""


class Together(Generic[Order, Result]):
    """Collects orders and hands them to `write` in batches, one batch at a time and in the order they came.

    `write` gives a result for each order; one that is an exception is raised to whoever ordered. What `write` itself
    raises for several orders says nothing about any one of them: each is then written alone. `underway` says how
    many may order at all, so that nobody waits for company that cannot come.

    The writes are awaited; where a thread of its own writes, and never waits for company, see `chassis.coalescing`.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Order]], Awaitable[Sequence[Result | Exception]]],
        *,
        underway: Callable[[], int],
        linger_seconds: float = LINGER_SECONDS,
    ) -> None:
        self._write = write
        self._underway = underway
        self._linger_seconds = linger_seconds
        self._waiting: list[tuple[Order, asyncio.Future[Result]]] = []
        self._taken: list[tuple[Order, asyncio.Future[Result]]] = []
        self._full = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    async def submit(self, order: Order) -> Result:
        """What the order came to. Whoever stops waiting may find it done all the same."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((order, answer))
        if self._is_full():
            self._full.set()
        if self._working is None:
            # In no one's context: a batch has no account, trace or deadline but those its orders name.
            self._working = asyncio.create_task(self._work(), context=contextvars.Context())
        return await answer

    def _is_full(self) -> bool:
        return len(self._waiting) >= min(self._underway(), ORDERS_MAX)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._linger()
                next_ones, self._waiting = self._waiting[:ORDERS_MAX], self._waiting[ORDERS_MAX:]
                self._taken = [each for each in next_ones if not each[1].done()]
                if self._taken:
                    _settle(self._taken, await self._results([order for order, _ in self._taken]))
        finally:
            self._working = None
            # Where the loop ends meanwhile: nobody is to wait for an answer that nobody will give.
            for _, answer in (*self._taken, *self._waiting):
                answer.cancel()

    async def _linger(self) -> None:
        self._full.clear()
        if not self._is_full():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._linger_seconds):
                    await self._full.wait()

    async def _results(self, orders: Sequence[Order]) -> Sequence[Result | Exception]:
        try:
            return await self._write(orders)
        except Exception as error:
            if len(orders) == 1 or isinstance(error, Refusal):
                return [error] * len(orders)
        return [(await self._results([order]))[0] for order in orders]


def _settle(
    batch: "Sequence[tuple[Order, asyncio.Future[Result]]]", results: "Sequence[Result | Exception]"
) -> None:
    for (_, answer), result in zip(batch, results, strict=True):
        if answer.done():
            continue
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)

"""Writing together: what is ordered while a batch is written goes into the next, nobody waits for nobody, one harms no other."""

import asyncio
from collections.abc import Sequence

import pytest

from chassis.refusal import Contention, NotFound
from chassis.together import ORDERS_MAX, Together

FOR_EVER = 60.0


class Recorder:
    """A writer that keeps its batches and, while it is closed, does not end them."""

    def __init__(self, *, closed: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.began = asyncio.Event()
        self.open = asyncio.Event()
        if not closed:
            self.open.set()

    async def write(self, orders: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(orders))
        self.began.set()
        await self.open.wait()
        return [order * 10 for order in orders]


async def test_what_is_ordered_while_a_batch_is_written_goes_into_the_next() -> None:
    recorder = Recorder(closed=True)
    together = Together(recorder.write, underway=lambda: 0)
    first = asyncio.create_task(together.submit(1))
    await recorder.began.wait()
    rest = [asyncio.create_task(together.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    recorder.open.set()

    assert await asyncio.gather(first, *rest) == [10, 20, 30, 40]
    assert recorder.batches == [[1], [2, 3, 4]]


async def test_an_order_waits_for_those_that_are_underway() -> None:
    recorder = Recorder()
    together = Together(recorder.write, underway=lambda: 3, linger_seconds=FOR_EVER)

    answers = await asyncio.gather(*(together.submit(number) for number in (1, 2, 3)))

    assert answers == [10, 20, 30]
    assert recorder.batches == [[1, 2, 3]]


async def test_who_is_alone_waits_for_nobody() -> None:
    recorder = Recorder()
    together = Together(recorder.write, underway=lambda: 1, linger_seconds=FOR_EVER)

    assert await together.submit(1) == 10
    assert await together.submit(2) == 20


async def test_company_that_does_not_come_is_waited_for_no_longer_than_a_moment() -> None:
    recorder = Recorder()
    together = Together(recorder.write, underway=lambda: 2, linger_seconds=0.001)

    assert await together.submit(1) == 10


async def test_a_batch_has_an_end() -> None:
    recorder = Recorder()
    together = Together(recorder.write, underway=lambda: ORDERS_MAX + 1, linger_seconds=0.001)

    await asyncio.gather(*(together.submit(number) for number in range(ORDERS_MAX + 1)))

    assert [len(batch) for batch in recorder.batches] == [ORDERS_MAX, 1]


async def test_a_refusal_of_one_is_raised_to_that_one_only() -> None:
    async def write(orders: Sequence[int]) -> Sequence[int | Exception]:
        return [NotFound(kind="order", id=str(order)) if order == 2 else order for order in orders]

    together = Together(write, underway=lambda: 3, linger_seconds=FOR_EVER)

    one, two, three = await asyncio.gather(
        *(together.submit(number) for number in (1, 2, 3)), return_exceptions=True
    )

    assert (one, three) == (1, 3)
    assert isinstance(two, NotFound)


async def test_when_a_batch_fails_each_of_it_is_written_alone() -> None:
    async def write(orders: Sequence[int]) -> Sequence[int | Exception]:
        if 2 in orders:
            raise ValueError("no two, please")
        return list(orders)

    together = Together(write, underway=lambda: 3, linger_seconds=FOR_EVER)

    one, two, three = await asyncio.gather(
        *(together.submit(number) for number in (1, 2, 3)), return_exceptions=True
    )

    assert (one, three) == (1, 3)
    assert isinstance(two, ValueError)


async def test_what_the_database_cannot_do_is_told_to_all_and_not_tried_for_each() -> None:
    batches: list[int] = []

    async def write(orders: Sequence[int]) -> Sequence[int | Exception]:
        batches.append(len(orders))
        raise Contention

    together = Together(write, underway=lambda: 2, linger_seconds=FOR_EVER)

    answers = await asyncio.gather(together.submit(1), together.submit(2), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Contention, Contention]
    assert batches == [2]


async def test_whoever_stops_waiting_before_it_is_taken_has_not_ordered() -> None:
    recorder = Recorder(closed=True)
    together = Together(recorder.write, underway=lambda: 0)
    first = asyncio.create_task(together.submit(1))
    await recorder.began.wait()
    leaving, staying = (asyncio.create_task(together.submit(number)) for number in (2, 3))
    await asyncio.sleep(0)
    leaving.cancel()

    recorder.open.set()

    assert [await first, await staying] == [10, 30]
    assert recorder.batches == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_it_begins_anew_after_it_had_nothing_to_do() -> None:
    recorder = Recorder()
    together = Together(recorder.write, underway=lambda: 0)
    await together.submit(1)
    await asyncio.sleep(0)

    assert await together.submit(2) == 20

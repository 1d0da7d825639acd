"""Coalescing: what arrives while one batch is written is taken together in the next, and one order harms no other."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from chassis.coalescing import Coalescer
from chassis.refusal import Contention, NotFound, Overloaded

Write = Callable[[Sequence[int]], Sequence[int | Exception]]


class Recorder:
    """A writer that keeps its batches and, until it may, does not end its first one."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_end = threading.Event()
        self.began = threading.Event()

    def write(self, orders: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(orders))
        self.began.set()
        assert self.may_end.wait(5)
        return [order * 10 for order in orders]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def coalescing() -> Iterator[Callable[..., Coalescer[int, int]]]:
    made: list[Coalescer[int, int]] = []

    def make(write: Write, *, weight_max: int = 100) -> Coalescer[int, int]:
        made.append(Coalescer(write, name="test", weight_max=weight_max))
        return made[-1]

    yield make
    for each in made:
        each.close()


async def test_what_arrives_while_a_batch_is_written_is_taken_together(
    recorder: Recorder, coalescing: Callable[..., Coalescer[int, int]]
) -> None:
    coalescer = coalescing(recorder.write)
    first = asyncio.create_task(coalescer.submit(1))
    await asyncio.to_thread(recorder.began.wait, 5)
    rest = [asyncio.create_task(coalescer.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    recorder.may_end.set()

    assert await asyncio.gather(first, *rest) == [10, 20, 30, 40]
    assert recorder.batches == [[1], [2, 3, 4]]


async def test_a_batch_is_no_heavier_than_it_may_be(
    recorder: Recorder, coalescing: Callable[..., Coalescer[int, int]]
) -> None:
    coalescer = coalescing(recorder.write, weight_max=5)
    first = asyncio.create_task(coalescer.submit(1, weight=9))
    await asyncio.to_thread(recorder.began.wait, 5)
    rest = [asyncio.create_task(coalescer.submit(number, weight=2)) for number in (2, 3, 4)]
    await asyncio.sleep(0)

    recorder.may_end.set()
    await asyncio.gather(first, *rest)

    assert recorder.batches == [[1], [2, 3], [4]]


async def test_a_refusal_of_one_is_raised_to_that_one_only(
    coalescing: Callable[..., Coalescer[int, int]],
) -> None:
    coalescer = coalescing(
        lambda orders: [NotFound(kind="site", id="2") if one == 2 else one for one in orders]
    )

    results = await asyncio.gather(*map(coalescer.submit, (1, 2, 3)), return_exceptions=True)

    assert (results[0], type(results[1]), results[2]) == (1, NotFound, 3)


async def test_one_that_cannot_be_written_takes_no_other_down_with_it(
    coalescing: Callable[..., Coalescer[int, int]],
) -> None:
    def write(orders: Sequence[int]) -> Sequence[int]:
        if 2 in orders:
            raise ArithmeticError("two")
        return orders

    coalescer = coalescing(write)

    results = await asyncio.gather(*map(coalescer.submit, (1, 2, 3)), return_exceptions=True)

    assert (results[0], type(results[1]), results[2]) == (1, ArithmeticError, 3)


async def test_what_the_database_could_not_do_is_told_to_all(
    coalescing: Callable[..., Coalescer[int, int]],
) -> None:
    def write(orders: Sequence[int]) -> Sequence[int]:
        raise Contention

    coalescer = coalescing(write)

    results = await asyncio.gather(*map(coalescer.submit, (1, 2, 3)), return_exceptions=True)

    assert {type(result) for result in results} == {Contention}


async def test_who_stops_waiting_before_it_was_taken_has_not_ordered_it(
    recorder: Recorder, coalescing: Callable[..., Coalescer[int, int]]
) -> None:
    coalescer = coalescing(recorder.write)
    first = asyncio.create_task(coalescer.submit(1))
    await asyncio.to_thread(recorder.began.wait, 5)
    second, third = (asyncio.create_task(coalescer.submit(number)) for number in (2, 3))
    await asyncio.sleep(0)

    second.cancel()
    await asyncio.sleep(0)
    recorder.may_end.set()

    assert [await first, await third] == [10, 30]
    assert recorder.batches == [[1], [3]]


async def test_nothing_is_taken_after_the_end(coalescing: Callable[..., Coalescer[int, int]]) -> None:
    coalescer = coalescing(list)
    coalescer.close()

    with pytest.raises(Overloaded):
        await coalescer.submit(1)

"""The gate before a model: within its limits, left alone when it asks or breaks down, and every call counted."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from services.ai.providers.gate import REQUESTS, Gate
from services.ai.providers.limits import Limits
from services.ai.providers.pace import OPEN_SECONDS
from services.ai.providers.port import (
    ProviderBusy,
    ProviderError,
    ProviderFinal,
    ProviderMalformed,
    ProviderRetryable,
)

DOWN = ProviderRetryable("It is down.", provider="p")


class Watch:
    """A time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def gate(watch: Watch) -> Callable[..., Gate]:
    return lambda name="p", **limits: Gate(name, Limits(**limits), now=watch, sleep=watch.sleep)


async def calling(gate: Gate, error: Exception | None = None) -> None:
    async with gate.call():
        if error is not None:
            raise error


async def broken(gate: Gate) -> Gate:
    for _ in range(20):
        with pytest.raises(ProviderRetryable):
            await calling(gate, DOWN)
    return gate


def counted(provider: str, outcome: str) -> float:
    return float(REQUESTS.labels(provider, outcome)._value.get())


async def test_no_more_calls_are_open_than_may_be_at_once(gate: Callable[..., Gate]) -> None:
    narrow, open_now, most, go = gate(calls_at_once=3), 0, 0, asyncio.Event()

    async def call() -> None:
        nonlocal open_now, most
        async with narrow.call():
            open_now += 1
            most = max(most, open_now)
            go.set()
            await asyncio.sleep(0)
            open_now -= 1

    await asyncio.gather(*(call() for _ in range(20)))

    assert most == 3


async def test_calls_begin_no_faster_than_they_may(gate: Callable[..., Gate], watch: Watch) -> None:
    slow = gate(calls_per_minute=60)

    for _ in range(4):
        await calling(slow)

    assert watch.now == pytest.approx(1_003)


async def test_whoever_comes_next_waits_as_long_as_the_model_asked(
    gate: Callable[..., Gate], watch: Watch
) -> None:
    asked = gate()
    with pytest.raises(ProviderBusy):
        await calling(asked, ProviderBusy("Later.", provider="p", retry_after_seconds=7))

    await calling(asked)

    assert watch.slept == [7]


async def test_whoever_waits_for_a_turn_already_leaves_the_model_alone_too(watch: Watch) -> None:
    answered = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await answered.wait()
        await watch.sleep(seconds)

    gate, began = Gate("p", Limits(calls_per_minute=60), now=watch, sleep=sleep), list[float]()

    async def wait_and_call() -> None:
        async with gate.call():
            began.append(watch.now)

    async def be_refused(waiting: asyncio.TaskGroup) -> None:
        async with gate.call():
            waiting.create_task(wait_and_call())
            waiting.create_task(wait_and_call())
            await asyncio.sleep(0)
            raise ProviderBusy("Too many.", provider="p", retry_after_seconds=22)

    async with asyncio.TaskGroup() as waiting:
        with pytest.raises(ProviderBusy):
            await be_refused(waiting)
        answered.set()

    assert len(began) == 2
    assert min(began) >= 1_022
    assert max(began) >= min(began) + 1, "they begin no faster than they may"


async def test_a_wait_is_never_longer_than_we_wait(gate: Callable[..., Gate], watch: Watch) -> None:
    asked = gate(wait_seconds_max=30)
    with pytest.raises(ProviderBusy):
        await calling(asked, ProviderBusy("Later.", provider="p", retry_after_seconds=86_400))

    await calling(asked)

    assert watch.slept == [30]


async def test_a_model_that_broke_down_is_not_called_until_its_time_is_over(
    gate: Callable[..., Gate], watch: Watch
) -> None:
    down = await broken(gate("withheld-1"))

    with pytest.raises(ProviderRetryable, match="left alone") as withheld:
        await calling(down)
    await watch.sleep(OPEN_SECONDS)
    await calling(down)

    assert withheld.value.retry_after_seconds == OPEN_SECONDS
    assert counted("withheld-1", "withheld") == 1


@pytest.mark.parametrize(
    "error",
    [
        ProviderFinal("No.", provider="p"),
        ProviderMalformed("{", provider="p"),
        ProviderBusy("Later.", provider="p"),
    ],
)
async def test_whoever_answers_is_not_broken(gate: Callable[..., Gate], error: ProviderError) -> None:
    well = gate()
    for _ in range(40):
        with pytest.raises(ProviderError):
            await calling(well, error)

    await calling(well)


async def test_a_call_that_hangs_is_ended(gate: Callable[..., Gate]) -> None:
    with pytest.raises(ProviderRetryable, match="did not answer within"):
        async with gate(call_seconds_max=0.01).call():
            await asyncio.Event().wait()


async def test_a_call_that_was_cancelled_leaves_its_slot_and_says_nothing(gate: Callable[..., Gate]) -> None:
    narrow, begun = gate("cut-1", calls_at_once=1), asyncio.Event()

    async def hang() -> None:
        async with narrow.call():
            begun.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await begun.wait()
    hanging.cancel()
    await asyncio.wait({hanging})
    await calling(narrow)

    assert counted("cut-1", "cut_short") == 1
    assert counted("cut-1", "answered") == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "answered"),
        (ProviderBusy("Later.", provider="p"), "busy"),
        (DOWN, "unavailable"),
        (ProviderFinal("No.", provider="p"), "refused"),
        (ProviderMalformed("{", provider="p"), "malformed"),
    ],
)
async def test_each_call_is_counted_by_how_it_ended(
    gate: Callable[..., Gate], error: ProviderError | None, outcome: str
) -> None:
    before = counted("counted", outcome)
    with contextlib.suppress(ProviderError):
        await calling(gate("counted"), error)

    assert counted("counted", outcome) == before + 1

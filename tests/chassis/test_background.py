"""Loops beside the server: started again when they fail, left alone when they end, cancelled in time."""

import asyncio

from prometheus_client import REGISTRY

from chassis.background import Background, measure_loop_lag
from chassis.testing import until


async def test_a_loop_that_fails_is_started_again() -> None:
    background = Background(backoff_seconds_min=0.01)
    attempts: list[int] = []

    async def loop() -> None:
        attempts.append(len(attempts))
        if len(attempts) < 3:
            raise ValueError("not yet")
        await asyncio.Event().wait()

    background.start("sweeper", loop)
    await until(lambda: len(attempts) == 3)
    await background.stop(timeout_seconds=1)

    assert REGISTRY.get_sample_value("background_restarts_total", {"task": "sweeper"}) == 2


async def test_a_loop_that_returns_has_ended() -> None:
    background = Background(backoff_seconds_min=0.01)
    runs: list[None] = []

    async def loop() -> None:
        runs.append(None)

    background.start("once", loop)
    await until(lambda: runs)
    await background.stop(timeout_seconds=1)

    assert runs == [None]


async def test_a_stop_lets_the_loop_clean_up() -> None:
    background = Background()
    began, cleaned = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.set()

    background.start("loop", loop)
    await began.wait()
    await background.stop(["loop"], timeout_seconds=1)

    assert cleaned.is_set()
    assert "loop" not in background


async def test_a_loop_whose_cancellation_was_lost_is_cancelled_anew() -> None:
    background = Background()
    lost, ended = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    background.start("deaf", loop)
    await asyncio.sleep(0)
    await background.stop(timeout_seconds=0.05)

    assert lost.is_set()
    assert ended.is_set()


async def test_a_loop_that_will_not_end_is_left_behind() -> None:
    background = Background()
    began, gate = asyncio.Event(), asyncio.Event()

    async def loop() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await gate.wait()

    background.start("stubborn", loop)
    await began.wait()
    await background.stop(timeout_seconds=0.05)

    assert "stubborn" not in background
    gate.set()


async def test_the_lag_of_the_event_loop_is_measured() -> None:
    background = Background()
    background.start("lag", lambda: measure_loop_lag(every_seconds=0.01))

    await until(lambda: REGISTRY.get_sample_value("event_loop_lag_seconds"))
    await background.stop(timeout_seconds=1)

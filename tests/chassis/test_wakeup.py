"""The bell between committing threads and the relay: no ring is lost, and many are one."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from chassis.wakeup import Wakeup


async def test_a_ring_before_the_wait_is_remembered() -> None:
    bell = Wakeup()
    bell.ring()
    bell.ring()

    assert await bell.wait(timeout_seconds=0)
    assert not await bell.wait(timeout_seconds=0.01)


async def test_a_ring_from_another_thread_ends_the_wait() -> None:
    bell = Wakeup()
    waiting = asyncio.create_task(bell.wait(timeout_seconds=5))
    await asyncio.sleep(0)

    threading.Thread(target=bell.ring).start()

    assert await waiting


async def test_no_ring_is_lost_among_many_threads() -> None:
    bell = Wakeup()
    done = 0
    seen = 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal done
        with lock:
            done += 1
        bell.ring()

    with ThreadPoolExecutor(8) as threads:
        for _ in range(2000):
            threads.submit(work)
        while seen < 2000:
            assert await bell.wait(timeout_seconds=5)
            seen = done

    assert seen == 2000

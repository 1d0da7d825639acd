"""The provider of the benchmarks and the plain script beside ours."""

import io
import os

import httpx
from PIL import Image

from bench.cpu import seconds_by_process
from bench.outside import outside, picture_png
from bench.plain_images import make


async def test_the_plain_script_gets_its_pictures_within_the_limit() -> None:
    with outside(latency_seconds=0.01, calls_at_once=3) as provider:
        await make(provider.url, images=7, calls_at_once=3)

    assert (provider.seen.calls, provider.seen.refused) == (7, 0)
    assert provider.seen.at_once_max <= 3


async def test_more_calls_at_once_than_allowed_are_refused() -> None:
    with outside(latency_seconds=60.0, calls_at_once=0) as provider:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{provider.url}/images/generations", json={"prompt": "A heap"})

    assert answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert (provider.seen.calls, provider.seen.refused) == (0, 1)


def test_the_picture_is_whole_and_as_heavy_as_a_real_one() -> None:
    picture = picture_png()

    Image.open(io.BytesIO(picture)).load()
    assert 30_000 <= len(picture) <= 60_000


def test_processor_time_never_goes_back() -> None:
    before = seconds_by_process({"here": os.getpid()})["here"]

    sum(range(200_000))

    assert 0 < before <= seconds_by_process({"here": os.getpid()})["here"]

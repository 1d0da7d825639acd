"""What the images benchmark is compared with: a plain script that asks the provider for pictures, and keeps nothing.

`python -m bench.plain_images BASE_URL IMAGES CALLS_AT_ONCE` prints the seconds it took, and its processor time.
"""

import asyncio
import base64
import json
import sys
import time

from openai import AsyncOpenAI


async def make(base_url: str, images: int, calls_at_once: int) -> float:
    """Seconds for so many pictures."""
    client = AsyncOpenAI(api_key="sk-bench", base_url=base_url, max_retries=0)
    slots = asyncio.Semaphore(calls_at_once)

    async def one(number: int) -> None:
        async with slots:
            answer = await client.images.generate(
                model="gpt-image-2", prompt=f"Picture {number}", size="1536x1024", n=1
            )
        assert answer.data
        base64.b64decode(answer.data[0].b64_json or "")

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(images)))
    return time.perf_counter() - began


if __name__ == "__main__":
    before = time.process_time()
    seconds = asyncio.run(make(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps({"seconds": seconds, "cpu_seconds": time.process_time() - before}))

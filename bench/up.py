"""`python -m bench.up WORKERS`: `igny8 up` with so many workers of the benchmark's own (`bench.worker`) for the usual one."""

import asyncio
import sys

from suite import settings as suite_settings
from suite import up
from suite.stack import StackFile


def main(workers: int) -> int:
    """Returns the exit status."""
    settings = suite_settings.load()
    programs = {name: module for name, module in up.PROGRAMS.items() if name != "ai-worker"}
    programs |= {f"ai-worker-{number}": "bench.worker" for number in range(1, workers + 1)}

    def say(line: str) -> None:
        print(line, flush=True)

    async def until_interrupted(running: StackFile) -> int:
        await up.make_usable(settings, say=say)
        await asyncio.Event().wait()
        return 0

    return asyncio.run(up.run(settings, say=say, while_running=until_interrupted, programs=programs))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

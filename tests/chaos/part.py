"""`python -m tests.chaos.part [NAME …]`: `igny8 up` with the named processes only, which start again at once.

`ai-worker-2` is a second `ai-worker`.
"""

import asyncio
import re
import sys
from typing import Final

from suite import settings as suite_settings
from suite import up
from suite.stack import StackFile

_SECOND: Final = re.compile(r"-\d+$")

RESTART_SECONDS_MAX: Final = 0.2
"""A campaign kills the same process hundreds of times; a back-off would make most of it a wait."""


def main(names: list[str]) -> int:
    """Returns the exit status."""
    settings = suite_settings.load()

    def say(line: str) -> None:
        print(line, flush=True)

    async def until_interrupted(running: StackFile) -> int:
        await up.make_usable(settings, say=say)
        await asyncio.Event().wait()
        return 0

    programs = {name: up.PROGRAMS[_SECOND.sub("", name)] for name in names or up.PROGRAMS}
    return asyncio.run(
        up.run(
            settings,
            say=say,
            while_running=until_interrupted,
            programs=programs,
            restart_seconds_max=RESTART_SECONDS_MAX,
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

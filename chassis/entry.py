"""How a process begins and ends: what every `__main__.py` calls."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn

from chassis import logs
from chassis.settings import Settings, SettingsInvalid, load

EXIT_SETTINGS_INVALID = 78
"""EX_CONFIG of sysexits.h: a supervisor need not start the process again before somebody changed something."""

YOUNG_OBJECTS_MAX: Final = 20_000
"""So many new objects are looked through for circles at once. At Python's 700 a single long list was looked through
several times while it was made, which took as long again as the making."""


def run_service(
    settings: type[Settings],
    main: Callable[[Settings], Awaitable[None]],
    arguments: Sequence[str] | None = None,
) -> NoReturn:
    """What a `__main__.py` calls: loads the settings, sets up the logs, runs `main` to its end and exits.

    With `--check` it only says whether the settings are usable. Exit codes: 0 ended well, 1 `main` failed,
    78 the settings cannot be used.
    """
    try:
        loaded = load(settings)
    except SettingsInvalid as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_SETTINGS_INVALID)
    if "--check" in (sys.argv[1:] if arguments is None else arguments):
        print(f"The settings of {settings.service} are usable.")
        sys.exit(0)

    logs.configure(loaded)
    _collect_less()
    try:
        asyncio.run(_awaited(main(loaded)))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        logs.get_logger().exception("the service ended by a fault")
        sys.exit(1)
    sys.exit(0)


def _collect_less() -> None:
    """What was imported stays for good: the collector need not go through its hundred thousands of objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)


async def _awaited(work: Awaitable[None]) -> None:
    await work

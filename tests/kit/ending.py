"""For programs that start others: what they are told by SIGTERM, they tell on by leaving every block they entered."""

import signal
import sys
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def leave_when_told() -> None:
    """From here on the first SIGTERM or SIGHUP is a SystemExit (128 and its number) in the main thread.

    Those that follow are ignored: `make` and `timeout` send one each, and the second must not break off the cleaning up.
    """
    for number in SIGNALS:
        signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)

"""How near an account is to having nothing left; told once at each crossing."""

from enum import StrEnum
from typing import Final

LOW_THRESHOLD: Final = 100
"""Credits at or below which an account is low, unless it has a threshold of its own."""


class Level(StrEnum):
    """Where an account stands. Credits that are held still count as there: a hold is no loss yet."""

    NEW = "new"
    """It has never had credits, so nothing is missing."""

    NORMAL = "normal"
    LOW = "low"
    DEPLETED = "depleted"


def level_of(credits: int, *, threshold: int) -> Level:
    """The level of an account that has had credits."""
    if credits <= 0:
        return Level.DEPLETED
    return Level.LOW if credits <= threshold else Level.NORMAL

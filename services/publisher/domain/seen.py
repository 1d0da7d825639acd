"""What was read back of something published."""

from dataclasses import dataclass
from enum import StrEnum


class SeenState(StrEnum):
    """Where a post is at its target now."""

    PUBLISHED = "published"
    HIDDEN = "hidden"
    """There, and not for readers: a draft, private, or in the trash."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read back of one publication; the address is empty where readers have none. `note` is a sentence about
    what somebody did with it there, and the way out; empty for nothing."""

    state: SeenState
    external_url: str = ""
    note: str = ""

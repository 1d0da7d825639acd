"""How far a site's content is, in numbers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStats:
    """Counts by noun and state over the whole site.

    `counts` has an entry "total" for each noun, and one for each of its states; content has both its axes.
    A period is whole UTC days, of things as of credits; `credits_as_of` is the last charge that is known, None without one.
    """

    counts: dict[str, dict[str, int]]
    credits_used: int
    credits_as_of: datetime | None

"""Which items of a site a list shows, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

Bound = int | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Filters by the names they have in the contract; what is not named is not filtered.

    `least` bounds are within what is shown, `below` ones are not. `search` are words that all must be there; `sort`
    is the name of an order, with a hyphen before it for the other way round, and empty for the list's own.
    """

    search: str = ""
    sort: str = ""
    equal: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, Bound] = field(default_factory=dict)
    below: Mapping[str, Bound] = field(default_factory=dict)
    ids: Sequence[str] = ()

"""What a benchmark gives: our figure, a peer's where there is one, and the bound that must hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`ours` and `peer_value` are in `unit`. A figure has a floor or a ceiling, or neither, never both."""

    name: str
    unit: str
    ours: float
    runs: tuple[float, ...]
    """Every run's figure; `ours` sums them up, as a median unless the name says otherwise."""

    peer: str | None = None
    peer_value: float | None = None
    floor: float | None = None
    ceiling: float | None = None

    def __post_init__(self) -> None:
        assert self.floor is None or self.ceiling is None, "a figure is to be high or to be low"
        assert (self.peer is None) == (self.peer_value is None), "a peer has a name and a figure"

    @property
    def ratio(self) -> float | None:
        """Our figure by the peer's."""
        return self.ours / self.peer_value if self.peer_value else None

    @property
    def holds(self) -> bool:
        """Whether the bound is kept."""
        if self.floor is not None:
            return self.ours >= self.floor
        return self.ceiling is None or self.ours <= self.ceiling

    def to_json(self) -> Mapping[str, Any]:
        """As it stands in results.json; the bound by the name it has."""
        bound = {"floor": self.floor} if self.floor is not None else {}
        bound |= {"ceiling": self.ceiling} if self.ceiling is not None else {}
        return {
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "peer": self.peer,
            "peer_value": self.peer_value,
            "ratio": self.ratio,
            **bound,
            "runs": list(self.runs),
        }

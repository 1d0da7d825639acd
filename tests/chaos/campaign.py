"""What a campaign is given, what it says while it runs, and the report it ends with."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A sentence that must hold after the faults, and what was found."""

    says: str
    holds: bool
    found: str


@dataclass(slots=True, kw_only=True)
class Report:
    """How a campaign ended: what was done as figures, and what was promised."""

    figures: dict[str, str] = field(default_factory=dict)
    promises: list[Promise] = field(default_factory=list)

    def promise(self, says: str, *, holds: bool, found: object = "") -> None:
        """Notes whether the sentence holds; `found` shows it, most of all where it does not."""
        self.promises.append(Promise(says=says, holds=holds, found=str(found)))

    @property
    def broken(self) -> list[Promise]:
        """The promises that do not hold."""
        return [promise for promise in self.promises if not promise.holds]


class Chaos:
    """What a campaign may use. All it chooses it chooses by `random`, so that a seed names a campaign."""

    def __init__(self, *, seed: str, rounds: int | None, write: Callable[[str], None]) -> None:
        """`rounds` is how many faults were asked for, None for the campaign's own number."""
        self.seed = seed
        self.rounds = rounds
        self.random = random.Random(seed)
        self._write = write
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the campaign began."""
        return time.monotonic() - self._began

    def say(self, line: str) -> None:
        """One line for people: what was done just now, what was in flight."""
        self._write(f"{self.seconds:7.1f} s  {line}")


class Campaign(Protocol):
    """What every module of a campaign has under the name `campaign`."""

    def __call__(self, chaos: Chaos) -> Report:
        """Runs on a suite of its own, in an empty data folder, and leaves nothing behind."""

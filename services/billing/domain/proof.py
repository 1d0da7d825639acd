"""The proof of an account's books: rules that must hold, and the first row that breaks each that does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a ledger was found right, and what stood there."""

    account_id: str
    sequence: int
    credits: int
    reserved: int
    hash: bytes
    verified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A rule that does not hold."""

    check: str
    says: str
    first_bad_row: Mapping[str, str]
    bad_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a proof found. `begun_after` is the line after which it read the ledger; 0 for the first."""

    faults: tuple[Fault, ...]
    checks: int
    begun_after: int
    sequence: int
    verified_at: datetime

    @property
    def holds(self) -> bool:
        """Whether every rule holds."""
        return not self.faults

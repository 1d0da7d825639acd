"""The lines of an account's ledger: written once, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class TransactionType(StrEnum):
    """What a ledger line books."""

    GRANT = "grant"
    HOLD = "hold"
    RELEASE = "release"
    DEDUCTION = "deduction"
    REVERSAL = "reversal"
    EXPIRY = "expiry"
    ADJUSTMENT = "adjustment"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTransaction:
    """One line: the change of the credits and of those held, and both after it."""

    id: str
    account_id: str
    sequence: int
    transaction_type: TransactionType
    amount: int
    reserved_amount: int
    balance_after: int
    reserved_after: int
    actor: str
    created_at: datetime
    operation_type: str = ""
    description: str = ""
    related_id: str | None = None
    run_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    hash: bytes = b""
    """Chains it to the line before; empty only while it is being written."""

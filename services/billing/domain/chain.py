"""The chain of an account's ledger: each line's hash covers the line and the hash of the line before it.

The schema has the same rule as the SQL functions `ledger_line_bytes` and `ledger_line_hash`, by which anybody who
may read the ledger can prove it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from services.billing.domain.transaction import CreditTransaction

FIRST_LINK: Final = bytes(32)
"""What stands for the hash before an account's first line."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ESCAPED: Final = str.maketrans(
    {
        **{chr(code): f"\\u{code:04x}" for code in range(0x20)},
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        '"': '\\"',
        "\\": "\\\\",
    }
)


def link(previous: bytes, line: CreditTransaction) -> bytes:
    """The hash of a line that follows the one with the hash `previous`."""
    return sha256(previous + line_bytes(line)).digest()


def line_bytes(line: CreditTransaction) -> bytes:
    """All a line says, so that no two lines have the same bytes: free text is preceded by its length in bytes."""
    return "|".join(
        (
            line.id,
            line.account_id,
            str(line.sequence),
            line.transaction_type.value,
            str(line.amount),
            str(line.reserved_amount),
            str(line.balance_after),
            str(line.reserved_after),
            # PostgreSQL writes a uuid in lower case, whoever brought it.
            (line.related_id or "").lower(),
            (line.run_id or "").lower(),
            str((line.created_at - _EPOCH) // _MICROSECOND),
            _measured(line.operation_type),
            _measured(line.actor),
            _measured(line.description),
            json_text(line.metadata) if line.metadata else "{}",
        )
    ).encode()


def json_text(value: Any) -> str:
    """A JSON value as PostgreSQL writes a jsonb: keys by length and then by bytes, numbers without exponent."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case Mapping():
            members = ((key.encode(), key, member) for key, member in value.items())
            ordered = sorted(members, key=lambda member: (len(member[0]), member[0]))
            return "{" + ", ".join(f"{_quoted(key)}: {json_text(member)}" for _, key, member in ordered) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case _:
            # A number with a fraction, as short as it reads back the same.
            return format(Decimal(repr(value)), "f")


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"'


def _measured(text: str) -> str:
    return f"{len(text) if text.isascii() else len(text.encode())}:{text}"

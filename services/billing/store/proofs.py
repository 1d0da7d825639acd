"""Proving an account's books, and remembering how far its ledger was found right."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis.reading import plan_freely
from services.billing.domain.chain import FIRST_LINK
from services.billing.domain.proof import Checkpoint, Fault
from services.billing.store import tables
from services.billing.store.proof_checks import CHECKS, Check
from services.billing.store.rows import to_row

_checkpoint = tables.ledger_checkpoint


class Proofs:
    """Checks and checkpoints of ledgers in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def checkpoint(self, account_id: str, *, now: datetime) -> Checkpoint:
        """Where the last proof ended, or before the first line."""
        row = self._connection.execute(
            select(_checkpoint).where(_checkpoint.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            return before_first_line(account_id, now=now)
        return Checkpoint(**{**row._mapping, "hash": bytes(row.hash)})

    def faults(self, begin: Checkpoint) -> tuple[Fault, ...]:
        """Every rule of the account's books that does not hold, reading the ledger from after that line."""
        # The account was locked by reading its few rows by their keys; these queries read a million.
        plan_freely(self._connection)
        found = [self._fault(check, begin) for check in CHECKS]
        return tuple(fault for fault in found if fault is not None)

    def save(self, checkpoint: Checkpoint) -> None:
        values = to_row(checkpoint)
        statement = insert(_checkpoint).values(values)
        self._connection.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))

    def _fault(self, check: Check, begin: Checkpoint) -> Fault | None:
        bad_rows = (check.newer_bad_rows if begin.sequence else None) or check.bad_rows
        row = self._connection.execute(
            text(f"SELECT count(*) OVER () AS bad_rows, bad.* FROM ({bad_rows}) AS bad LIMIT 1"),  # noqa: S608 - queries of our own
            {
                "account_id": begin.account_id,
                "begin": begin.sequence,
                "credits": begin.credits,
                "reserved": begin.reserved,
                "hash": begin.hash,
            },
        ).one_or_none()
        if row is None:
            return None
        first: dict[str, Any] = dict(row._mapping)
        count = int(first.pop("bad_rows"))
        return Fault(
            check=check.name,
            says=check.says,
            first_bad_row={name: str(value) for name, value in first.items() if value is not None},
            bad_rows=count,
        )


def before_first_line(account_id: str, *, now: datetime) -> Checkpoint:
    """Where a ledger begins."""
    return Checkpoint(
        account_id=account_id, sequence=0, credits=0, reserved=0, hash=FIRST_LINK, verified_at=now
    )

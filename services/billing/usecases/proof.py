"""Proving an account's books."""

from datetime import datetime

from services.billing.domain.proof import Checkpoint, Proof
from services.billing.store.proof_checks import CHECKS
from services.billing.store.proofs import before_first_line
from services.billing.store.transaction import BillingTransaction
from services.billing.usecases.desk import open_book


def verify_ledger(tx: BillingTransaction, *, account_id: str, from_first_line: bool, now: datetime) -> Proof:
    """Checks every rule of the account's books, the ledger from where the last proof ended. Raises NotFound.

    The account is locked meanwhile, so that nothing moves under the proof; a proof that holds is remembered.
    """
    desk, book = open_book(tx, account_id=account_id, now=now)
    desk.close()
    tx.send()
    first = before_first_line(account_id, now=now)
    begin = first if from_first_line else tx.proofs.checkpoint(account_id, now=now)
    faults = tx.proofs.faults(begin)
    if not faults:
        balance = book.balance
        tx.proofs.save(
            Checkpoint(
                account_id=account_id,
                sequence=balance.sequence,
                credits=balance.credits,
                reserved=balance.reserved,
                hash=book.chain,
                verified_at=now,
            )
        )
    return Proof(
        faults=faults,
        checks=len(CHECKS),
        begun_after=begin.sequence,
        sequence=book.balance.sequence,
        verified_at=now,
    )

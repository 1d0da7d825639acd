"""Accounts."""

from sqlalchemy import Connection, insert, select, update

from chassis.refusal import NotFound
from services.billing.domain.account import Account
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row


class Accounts:
    """Accounts in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, account: Account) -> None:
        self._connection.execute(insert(tables.account).values(to_row(account)))

    def get(self, account_id: str) -> Account:
        """Raises NotFound."""
        return self._one(account_id, lock=False)

    def lock(self, account_id: str) -> Account:
        """The account, and nobody else changes it or its people until this transaction ends. Raises NotFound."""
        return self._one(account_id, lock=True)

    def save(self, account: Account) -> None:
        """Writes what can change of an account."""
        self._connection.execute(
            update(tables.account)
            .where(tables.account.c.id == account.id)
            .values(name=account.name, suspended=account.suspended)
        )

    def _one(self, account_id: str, *, lock: bool) -> Account:
        query = select(tables.account).where(tables.account.c.id == account_id)
        # FOR NO KEY UPDATE: rows that only refer to the account, such as lines of its ledger, need not wait.
        row = self._connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        if row is None:
            raise NotFound(kind="account", id=account_id)
        return from_row(Account, row)

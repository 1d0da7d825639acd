"""How many notifications of an account are unread."""

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from services.notifications.store.tables import unread_counter as _table


class UnreadCounters:
    """One row per account that was ever told something."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, account_id: str) -> int:
        found = self._connection.execute(select(_table.c.unread).where(_table.c.account_id == account_id))
        return found.scalar_one_or_none() or 0

    def lock(self, account_id: str) -> int:
        """The number, held until the transaction ends: the first lock of every change of notifications."""
        row = insert(_table).values(account_id=account_id, unread=0)
        # An update that changes nothing locks the row where it exists already, and gives what is in it.
        locked = row.on_conflict_do_update(
            index_elements=[_table.c.account_id], set_={"unread": _table.c.unread}
        )
        return int(self._connection.execute(locked.returning(_table.c.unread)).scalar_one())

    def save(self, account_id: str, unread: int) -> None:
        """Writes the number of an account whose row is locked."""
        self._connection.execute(
            update(_table).where(_table.c.account_id == account_id).values(unread=unread)
        )

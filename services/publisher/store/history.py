"""Who did what with content, and which AI tasks made it."""

from typing import Final

from sqlalchemy import Connection, select

from chassis.bulk import Writes, recordset
from chassis.paging import Page, PageRequest, read_page
from services.publisher.domain.history import Action, HistoryEntry, Origin, Step
from services.publisher.store import tables
from services.publisher.store.rows import columns_of, from_row, to_row

_history, _origin = tables.content_history, tables.origin
_ENTRY = columns_of(HistoryEntry, _history)
_ORIGIN = columns_of(Origin, _origin)

# An item may be charged several times in one transaction, and an UPDATE writes each row once.
_ADD_CREDITS: Final = """
    UPDATE origin SET credits_used = origin.credits_used + charged.credits_used
    FROM (
        SELECT account_id, ai_task_id, item_id, sum(credits_used) AS credits_used
        FROM {given}
        GROUP BY 1, 2, 3
    ) AS charged
    WHERE (origin.account_id, origin.ai_task_id, origin.item_id)
        = (charged.account_id, charged.ai_task_id, charged.item_id)
""".replace(
    "{given}",
    recordset((_origin.c.account_id, _origin.c.ai_task_id, _origin.c.item_id, _origin.c.credits_used)),
)


class Histories:
    """The past of content in the schema `publisher`. It is only ever added to, so nothing here is locked."""

    def __init__(self, connection: Connection, writes: Writes) -> None:
        self._connection = connection
        self._writes = writes

    def add(self, entry: HistoryEntry) -> None:
        """Written with the transaction's last statements."""
        self._writes.insert(_history, [to_row(entry)])

    def add_origins(self, origins: list[Origin]) -> None:
        """As `add`; each belongs to something that was made just now."""
        self._writes.insert(_origin, [to_row(origin) for origin in origins])

    def entries(self, content_id: str, *, page: PageRequest) -> Page[HistoryEntry]:
        """What was done with a content, newest first."""
        query = select(*_ENTRY).where(_history.c.content_id == content_id)
        return read_page(
            self._connection,
            query,
            page,
            by=[_history.c.id.desc()],
            to=lambda row: from_row(HistoryEntry, row, action=Action),
        )

    def approved_by(self, content_id: str) -> str:
        """Who approved a content last; empty for one that nobody has, as far as is known."""
        query = (
            select(_history.c.actor)
            .where(
                _history.c.content_id == content_id,
                _history.c.action.in_([Action.APPROVED.value, Action.AUTO_APPROVED.value]),
            )
            .order_by(_history.c.id.desc())
            .limit(1)
        )
        return self._connection.execute(query).scalar_one_or_none() or ""

    def origins(self, content_id: str) -> list[Origin]:
        """What made a content and its pictures, in order."""
        query = select(*_ORIGIN).where(_origin.c.content_id == content_id).order_by(_origin.c.id)
        return [from_row(Origin, row, step=Step) for row in self._connection.execute(query)]

    def add_credits(self, *, account_id: str, ai_task_id: str, item_id: str, credits: int) -> None:
        """Billing charged an item of a task; nothing of it is here for what people made. Written as `add` does."""
        row = {
            "account_id": account_id,
            "ai_task_id": ai_task_id,
            "item_id": item_id,
            "credits_used": credits,
        }
        self._writes.gather(_ADD_CREDITS, row)

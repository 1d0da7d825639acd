"""Accounts' books: the balance under lock, its grants, and everything a change of it writes."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.ids import new_id
from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.reservation import Status
from services.billing.store import tables
from services.billing.store.rows import from_row, to_row

_account = tables.credit_account
_grant = tables.credit_grant
_draw = tables.credit_draw
_reservation = tables.reservation


class Books:
    """Balances, grants, ledger lines, draws and usage rows in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, balance: Balance) -> None:
        """The empty balance of a new account."""
        self._connection.execute(insert(_account).values(to_row(balance)))

    def balance(self, account_id: str, *, now: datetime) -> tuple[Balance, bool]:
        """The balance as booked, and whether something of it has run out since. Raises NotFound."""
        held_too_long = exists().where(*_hold_is_due(now), _reservation.c.account_id == account_id)
        unused_too_long = exists().where(*_grant_is_due(now), _grant.c.account_id == account_id)
        row = self._connection.execute(
            select(_account, or_(held_too_long, unused_too_long).label("is_due")).where(
                _account.c.account_id == account_id
            )
        ).one_or_none()
        if row is None:
            raise NotFound(kind="account", id=account_id)
        values = dict(row._mapping)
        is_due = values.pop("is_due")
        return Balance(**values), bool(is_due)

    def open(self, account_id: str, *, actor: str, now: datetime) -> AccountBook:
        """Locks the account's row, the first lock of every change of its credits. Raises NotFound."""
        row = self._connection.execute(
            select(_account).where(_account.c.account_id == account_id).with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(kind="account", id=account_id)
        grants = self._connection.execute(
            select(_grant).where(_grant.c.account_id == account_id, _grant.c.remaining > 0)
        )
        return AccountBook(
            balance=from_row(Balance, row),
            grants={grant.id: grant for grant in map(_of, grants)},
            held={},
            actor=actor,
            now=now,
            new_id=new_id,
        )

    def held(self, reservation_ids: Iterable[str]) -> dict[str, dict[str, int]]:
        """Credits that each of these reservations still keeps, by grant."""
        kept = func.sum(_draw.c.reserved_amount)
        rows = self._connection.execute(
            select(_draw.c.reservation_id, _draw.c.grant_id, kept.label("kept"))
            .where(_draw.c.reservation_id.in_(list(reservation_ids)))
            .group_by(_draw.c.reservation_id, _draw.c.grant_id)
            .having(kept > 0)
        )
        held: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            held[row.reservation_id][row.grant_id] = int(row.kept)
        return dict(held)

    def save(self, book: AccountBook) -> None:
        """Writes every change of the book; reservations it moved must be written before."""
        if not book.lines:
            return
        balance = book.balance
        self._connection.execute(
            update(_account)
            .where(_account.c.account_id == balance.account_id)
            .values(
                credits=balance.credits,
                reserved=balance.reserved,
                sequence=balance.sequence,
                updated_at=balance.updated_at,
            )
        )
        self._save_grants([book.grants[grant_id] for grant_id in sorted(book.touched)])
        self._connection.execute(insert(tables.credit_transaction), [to_row(line) for line in book.lines])
        if book.draws:
            self._connection.execute(insert(_draw), [to_row(draw) for draw in book.draws])
        if book.usage:
            self._connection.execute(
                insert(tables.credit_usage),
                [{**to_row(usage), "credit_value_usd": usage.credit_value_usd} for usage in book.usage],
            )

    def due_accounts(self, *, now: datetime, limit: int) -> list[str]:
        """Accounts of which a hold or a grant has run out and is not booked yet."""
        holds = select(_reservation.c.account_id).where(*_hold_is_due(now)).limit(limit)
        grants = select(_grant.c.account_id).where(*_grant_is_due(now)).limit(limit)
        both = union(holds, grants)
        return list(self._connection.scalars(both))

    def newest_grants(self, *, account_id: str, page: PageRequest) -> Page[CreditGrant]:
        """Grants of the account, newest first."""
        query = select(_grant).where(_grant.c.account_id == account_id)
        return read_page(self._connection, query, page, by=[_grant.c.id.desc()], to=_of)

    def _save_grants(self, grants: list[CreditGrant]) -> None:
        if not grants:
            return
        statement = upsert(_grant)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["id"],
                set_={
                    "remaining": statement.excluded.remaining,
                    "reserved": statement.excluded.reserved,
                },
            ),
            [to_row(grant) for grant in grants],
        )


def _hold_is_due(now: datetime) -> "tuple[ColumnElement[bool], ...]":
    return (_reservation.c.status == Status.ACTIVE.value, _reservation.c.expires_at <= now)


def _grant_is_due(now: datetime) -> "tuple[ColumnElement[bool], ...]":
    return (
        _grant.c.remaining > _grant.c.reserved,
        _grant.c.expires_at.is_not(None),
        _grant.c.expires_at <= now,
    )


def _of(row: Row[Any]) -> CreditGrant:
    return from_row(CreditGrant, row, category=Category)

"""Accounts' books: balances under lock, their grants, and everything a change of them writes."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, func, insert, or_, select, text, union, update

from chassis.bulk import insert_rows, recordset, to_json, update_rows
from chassis.ids import new_id
from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.domain.chain import FIRST_LINK
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.level import LOW_THRESHOLD, Level
from services.billing.domain.reservation import Status
from services.billing.store import tables
from services.billing.store.rows import among, from_row, to_row

_account = tables.credit_account
_grant = tables.credit_grant
_draw = tables.credit_draw
_reservation = tables.reservation
_BALANCE = [_account.c[name] for name in ("account_id", "credits", "reserved", "sequence", "updated_at")]

_COLUMNS = ", ".join(column.name for column in _grant.c)
_SAVE_GRANTS = text(
    f"INSERT INTO credit_grant ({_COLUMNS}) SELECT {_COLUMNS} FROM {recordset(_grant.c)}"  # noqa: S608 - our own table
    " ON CONFLICT (id) DO UPDATE SET remaining = excluded.remaining, reserved = excluded.reserved,"
    " voided_at = excluded.voided_at"
)
_VALUE = (("credit_value_usd", "given.credits_used * given.credit_price_usd"),)


class Books:
    """Balances, grants, ledger lines, draws and usage rows in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, balance: Balance) -> None:
        """The empty balance of a new account."""
        new = {**to_row(balance), "hash": FIRST_LINK, "level": Level.NEW.value, "low_threshold": None}
        self._connection.execute(insert(_account).values(new))

    def balance(self, account_id: str, *, now: datetime) -> tuple[Balance, bool]:
        """The balance as booked, and whether something of it has run out since. Raises NotFound."""
        held_too_long = exists().where(*_hold_is_due(now), _reservation.c.account_id == account_id)
        unused_too_long = exists().where(*_grant_is_due(now), _grant.c.account_id == account_id)
        row = self._connection.execute(
            select(*_BALANCE, or_(held_too_long, unused_too_long).label("is_due")).where(
                _account.c.account_id == account_id
            )
        ).one_or_none()
        if row is None:
            raise NotFound(kind="account", id=account_id)
        values = dict(row._mapping)
        is_due = values.pop("is_due")
        return Balance(**values), bool(is_due)

    def open(self, account_ids: Collection[str], *, actor: str, now: datetime) -> dict[str, AccountBook]:
        """Locks the rows of those accounts that there are, in one order: the first lock of every change of credits."""
        rows = self._connection.execute(
            select(_account)
            .where(among(_account.c.account_id, account_ids))
            .order_by(_account.c.account_id)
            .with_for_update()
        ).all()
        grants: defaultdict[str, dict[str, CreditGrant]] = defaultdict(dict)
        for grant in self._connection.execute(
            select(_grant).where(among(_grant.c.account_id, account_ids), _grant.c.remaining > 0)
        ):
            grants[grant.account_id][grant.id] = _of(grant)
        return {
            row.account_id: AccountBook(
                balance=Balance(
                    account_id=row.account_id,
                    credits=row.credits,
                    reserved=row.reserved,
                    sequence=row.sequence,
                    updated_at=row.updated_at,
                ),
                grants=grants[row.account_id],
                held={},
                actor=actor,
                now=now,
                new_id=new_id,
                chain=bytes(row.hash),
                level=Level(row.level),
                low_threshold=LOW_THRESHOLD if row.low_threshold is None else row.low_threshold,
            )
            for row in rows
        }

    def suspended(self, account_ids: Collection[str]) -> frozenset[str]:
        """Those of these accounts that may be read only."""
        query = select(tables.account.c.id).where(
            among(tables.account.c.id, account_ids), tables.account.c.suspended
        )
        return frozenset(self._connection.scalars(query))

    def held(self, reservation_ids: Collection[str]) -> dict[str, dict[str, int]]:
        """Credits that each of these reservations still keeps, by grant."""
        kept = func.sum(_draw.c.reserved_amount)
        rows = self._connection.execute(
            select(_draw.c.reservation_id, _draw.c.grant_id, kept.label("kept"))
            .where(among(_draw.c.reservation_id, reservation_ids))
            .group_by(_draw.c.reservation_id, _draw.c.grant_id)
            .having(kept > 0)
        )
        held: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            held[row.reservation_id][row.grant_id] = int(row.kept)
        return dict(held)

    def save(self, books: Collection[AccountBook]) -> None:
        """Writes every change of the books; reservations they moved must be written before."""
        moved = [book for book in books if book.lines]
        self._save_accounts(moved)
        self._save_grants([book.grants[grant_id] for book in books for grant_id in book.touched])
        write = self._connection
        insert_rows(write, tables.credit_transaction, [line for book in moved for line in book.lines])
        insert_rows(write, _draw, [draw for book in moved for draw in book.draws])
        used = [usage for book in moved for usage in book.usage]
        insert_rows(write, tables.credit_usage, used, computed=_VALUE)

    def due_accounts(self, *, now: datetime, limit: int) -> list[str]:
        """Accounts of which a hold or a grant has run out and is not booked yet."""
        holds = select(_reservation.c.account_id).where(*_hold_is_due(now)).limit(limit)
        grants = select(_grant.c.account_id).where(*_grant_is_due(now)).limit(limit)
        both = union(holds, grants)
        return list(self._connection.scalars(both))

    def get_grant(self, grant_id: str, *, account_id: str) -> CreditGrant:
        """Raises NotFound, for grants of other accounts too."""
        found = self.grants([grant_id], account_id=account_id)
        if not found:
            raise NotFound(kind="grant", id=grant_id)
        return found[grant_id]

    def grants(self, grant_ids: Collection[str], *, account_id: str) -> dict[str, CreditGrant]:
        """Those of the account among these grants, spent ones too."""
        query = select(_grant).where(among(_grant.c.id, grant_ids), _grant.c.account_id == account_id)
        return {row.id: _of(row) for row in self._connection.execute(query)}

    def newest_grants(self, *, account_id: str, page: PageRequest) -> Page[CreditGrant]:
        """Grants of the account, newest first."""
        query = select(_grant).where(_grant.c.account_id == account_id)
        return read_page(self._connection, query, page, by=[_grant.c.id.desc()], to=_of)

    def low_threshold(self, account_id: str) -> int | None:
        """The account's own threshold; None where it has the usual one."""
        return self._connection.scalar(
            select(_account.c.low_threshold).where(_account.c.account_id == account_id)
        )

    def save_low_threshold(self, book: AccountBook, threshold: int | None) -> None:
        """Writes an account's own threshold, and the level that follows from it."""
        self._connection.execute(
            update(_account)
            .where(_account.c.account_id == book.balance.account_id)
            .values(low_threshold=threshold, level=book.level.value)
        )

    def _save_accounts(self, books: list[AccountBook]) -> None:
        rows = [{**to_row(book.balance), "hash": book.chain, "level": book.level.value} for book in books]
        update_rows(
            self._connection,
            _account,
            rows,
            columns=("credits", "reserved", "sequence", "updated_at", "hash", "level"),
        )

    def _save_grants(self, grants: list[CreditGrant]) -> None:
        if not grants:
            return
        self._connection.execute(_SAVE_GRANTS, {"rows": to_json(grants)})


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

"""Accounts' books: balances under lock, their grants, and everything a change of them writes."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Connection,
    DateTime,
    Row,
    Uuid,
    any_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    union,
    update,
)

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.domain.chain import FIRST_LINK
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.level import Level
from services.billing.domain.reservation import Status
from services.billing.store import tables
from services.billing.store.rows import among, from_row, to_row

_account = tables.credit_account
_grant = tables.credit_grant
_draw = tables.credit_draw
_reservation = tables.reservation
_BALANCE = [_account.c[name] for name in ("account_id", "credits", "reserved", "sequence", "updated_at")]

_VALUE = (("credit_value_usd", "given.credits_used * given.credit_price_usd"),)


_Now = datetime | BindParameter[datetime]


class Books:
    """Balances, grants, ledger lines, draws and usage rows in the schema `billing`."""

    def __init__(self, connection: Connection, writes: Writes) -> None:
        self._connection = connection
        self._writes = writes

    def add(self, balance: Balance) -> None:
        """The empty balance of a new account."""
        new = {**to_row(balance), "hash": FIRST_LINK, "level": Level.NEW.value, "low_threshold": None}
        self._connection.execute(insert(_account).values(new))

    def balance(self, account_id: str, *, now: datetime) -> tuple[Balance, bool]:
        """As `balances`, of one. Raises NotFound."""
        found = self.balances([account_id], now=now).get(account_id)
        if found is None:
            raise NotFound(kind="account", id=account_id)
        return found

    def balances(self, account_ids: Collection[str], *, now: datetime) -> dict[str, tuple[Balance, bool]]:
        """The balances as booked, each with whether something has run out or begun since; without those of no account."""
        rows = self._connection.execute(_BALANCES, {"account_ids": list(account_ids), "now": now})
        found = [dict(row._mapping) for row in rows]
        due = {values["account_id"]: bool(values.pop("is_due")) for values in found}
        return {values["account_id"]: (Balance(**values), due[values["account_id"]]) for values in found}

    def save(self, books: Collection[AccountBook]) -> None:
        """Writes every change of the books; reservations they moved must be written before."""
        moved = [book for book in books if book.lines]
        self._save_accounts(moved)
        write = self._writes
        given = [book.grants[grant_id] for book in books for grant_id in book.given]
        write.insert(_grant, given)
        touched = [book.grants[grant_id] for book in books for grant_id in book.touched - book.given]
        write.update(_grant, touched, columns=("remaining", "reserved", "voided_at", "is_pending"))
        write.insert(tables.credit_transaction, [line for book in moved for line in book.lines])
        write.insert(_draw, [draw for book in moved for draw in book.draws])
        used = [usage for book in moved for usage in book.usage]
        write.insert(tables.credit_usage, used, computed=_VALUE)

    def due_accounts(self, *, now: datetime, limit: int) -> list[str]:
        """Accounts of which a hold or a grant has run out, or a grant has begun, and is not booked yet."""
        holds = select(_reservation.c.account_id).where(*_hold_is_due(now)).limit(limit)
        grants = select(_grant.c.account_id).where(*_grant_is_due(now)).limit(limit)
        begun = select(_grant.c.account_id).where(*_grant_begins(now)).limit(limit)
        return list(self._connection.scalars(union(holds, grants, begun)))

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
        self._writes.update(
            _account,
            rows,
            columns=("credits", "reserved", "sequence", "updated_at", "hash", "level"),
        )


def _hold_is_due(now: _Now) -> "tuple[ColumnElement[bool], ...]":
    return (_reservation.c.status == Status.ACTIVE.value, _reservation.c.expires_at <= now)


def _grant_is_due(now: _Now) -> "tuple[ColumnElement[bool], ...]":
    return (
        _grant.c.remaining > _grant.c.reserved,
        _grant.c.expires_at.is_not(None),
        _grant.c.expires_at <= now,
    )


def _grant_begins(now: _Now) -> "tuple[ColumnElement[bool], ...]":
    return (_grant.c.is_pending, _grant.c.effective_at <= now)


def _of(row: Row[Any]) -> CreditGrant:
    return from_row(CreditGrant, row, category=Category)


_NOW = bindparam("now", type_=DateTime(timezone=True))

_BALANCES = select(
    *_BALANCE,
    or_(
        exists().where(*_hold_is_due(_NOW), _reservation.c.account_id == _account.c.account_id),
        exists().where(*_grant_is_due(_NOW), _grant.c.account_id == _account.c.account_id),
        exists().where(*_grant_begins(_NOW), _grant.c.account_id == _account.c.account_id),
    ).label("is_due"),
).where(_account.c.account_id == any_(bindparam("account_ids", type_=ARRAY(Uuid(as_uuid=False)))))
"""Made once: to put it together took a third of the time of a read that every page makes."""

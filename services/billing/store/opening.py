"""Locking accounts, and reading with one statement everything that the orders at hand ask about."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Table

from chassis.bulk import recordset, to_json
from chassis.idempotency import RequestKey
from chassis.idempotency_batch import ANSWERS, Answer, Name, answers_from_rows, names_of
from chassis.ids import new_id
from chassis.reading import Query, Reading, Rows
from services.billing.domain.balance import Balance
from services.billing.domain.book import AccountBook
from services.billing.domain.budget import Budget, Scope
from services.billing.domain.configuration import FIRST_CONFIGURATION, BillingConfiguration
from services.billing.domain.grant import Category, CreditGrant
from services.billing.domain.level import LOW_THRESHOLD, Level
from services.billing.domain.price import ModelPrice
from services.billing.domain.quote import Quote
from services.billing.domain.reservation import Reservation, Status
from services.billing.domain.usage import CostSource, CreditUsage
from services.billing.store import tables
from services.billing.store.prices import price_of

Item = tuple[str, str]
"""A reservation's id, and that of an item charged to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What orders name: each part is read only where something of it is named."""

    account_ids: Collection[str]
    reservation_ids: Collection[str] = ()
    quote_ids: Collection[str] = ()
    target_ids: Collection[str] = ()
    model_names: Collection[str] = ()
    items: Collection[Item] = ()
    keys: Collection[RequestKey] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What was found. `due` are the holds among the reservations whose time has ended, oldest end first."""

    books: dict[str, AccountBook]
    suspended: frozenset[str]
    reservations: dict[str, Reservation]
    due: list[Reservation]
    quotes: dict[str, Quote]
    prices: dict[str, ModelPrice]
    """By id: those that the reservations pinned."""

    models: dict[str, ModelPrice]
    """By name: those in force."""

    captured: dict[Item, CreditUsage]
    answered: dict[Name, Answer]
    configuration: BillingConfiguration


class Openings:
    """Opens accounts' books in the schema `billing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, asked: Asked, *, actor: str, now: datetime) -> Opening:
        """Locks the rows of those accounts that there are, in one order: the first lock of every change of credits.

        Everything is read after the locks are taken. A reservation of an account that is not asked about is not
        found: nobody moves one without its account's lock.
        """
        rows = _reading(_wanted(asked)).read(self._connection, _parameters(asked, now))
        reservations = _by_id(rows["reservations"], Reservation, status=Status)
        books = _books(rows, actor=actor, now=now)
        for kept in rows["held"]:
            book = books[reservations[kept["reservation_id"]].account_id]
            book.held.setdefault(kept["reservation_id"], {})[kept["grant_id"]] = kept["kept"]
        for budget in _by_id(rows["budgets"], Budget, scope=Scope).values():
            books[budget.account_id].budgets[budget.id] = budget
        due = (one for one in reservations.values() if one.is_due(now=now))
        used = (_noun(CreditUsage, row, cost_source=CostSource) for row in rows.get("captured", []))
        return Opening(
            books=books,
            suspended=frozenset(row["account_id"] for row in rows["accounts"] if row["suspended"]),
            reservations=reservations,
            due=sorted(due, key=lambda one: (one.expires_at, one.id)),
            quotes=_by_id(rows.get("quotes", ()), Quote),
            prices={row["id"]: price_of(row) for row in rows.get("prices", ())},
            models={row["model_name"]: price_of(row) for row in rows.get("models", ())},
            captured={(used.reservation_id or "", used.item_id): used for used in used},
            answered=answers_from_rows(rows.get("answered", [])),
            configuration=_configuration(rows.get("configuration", ())),
        )


def _wanted(asked: Asked) -> frozenset[str]:
    """The queries for what is asked; what has run out is always looked for, with all that its end moves."""
    wanted = {
        "quotes": asked.quote_ids,
        "prices": asked.items,
        "captured": asked.items,
        "models": asked.model_names,
        "configuration": asked.model_names,
        "answered": asked.keys,
    }
    return frozenset(name for name in _QUERIES if wanted.get(name, True))


@cache
def _reading(names: frozenset[str]) -> Reading:
    queries = {name: query for name, query in _QUERIES.items() if name in names}
    return Reading(queries, types=_TYPES, common=_HOLDS, first=_LOCK)


def _parameters(asked: Asked, now: datetime) -> dict[str, Any]:
    items = [
        {"reservation_id": reservation_id, "item_id": item_id} for reservation_id, item_id in asked.items
    ]
    return {
        "accounts": list(asked.account_ids),
        "reservations": list(asked.reservation_ids),
        "quotes": list(asked.quote_ids),
        "targets": list(asked.target_ids),
        "models": list(asked.model_names),
        "items": to_json(items),
        "keys": to_json(names_of(asked.keys)),
        "now": now,
    }


def _books(rows: Mapping[str, Rows], *, actor: str, now: datetime) -> dict[str, AccountBook]:
    grants: defaultdict[str, dict[str, CreditGrant]] = defaultdict(dict)
    for row in rows["grants"]:
        grants[row["account_id"]][row["id"]] = _noun(CreditGrant, row, category=Category)
    return {
        row["account_id"]: AccountBook(
            balance=Balance(
                account_id=row["account_id"],
                credits=row["credits"],
                reserved=row["reserved"],
                sequence=row["sequence"],
                updated_at=row["updated_at"],
            ),
            grants=grants[row["account_id"]],
            held={},
            actor=actor,
            now=now,
            new_id=new_id,
            chain=row["hash"],
            level=Level(row["level"]),
            low_threshold=LOW_THRESHOLD if row["low_threshold"] is None else row["low_threshold"],
        )
        for row in rows["accounts"]
    }


def _configuration(rows: Collection[dict[str, Any]]) -> BillingConfiguration:
    for row in rows:
        return BillingConfiguration(
            default_credit_price_usd=row["default_credit_price_usd"],
            minimum_credits=row["minimum_by_operation"],
            effective_from=row["effective_from"],
        )
    return FIRST_CONFIGURATION


def _by_id(rows: Collection[dict[str, Any]], noun: Any, **words: Any) -> dict[str, Any]:
    return {row["id"]: _noun(noun, row, **words) for row in rows}


def _noun(noun: Any, row: dict[str, Any], **words: Any) -> Any:
    """The noun of a row that has exactly its fields; `words` names the enum of each column that holds one."""
    for name, enum in words.items():
        row[name] = enum(row[name])
    return noun(**row)


_TYPES: Final = {
    "accounts": "uuid[]",
    "reservations": "uuid[]",
    "quotes": "uuid[]",
    "targets": "uuid[]",
    "models": "text[]",
    "items": "json",
    "keys": "json",
    "now": "timestamptz",
}

_LOCK: Final = """
    SELECT FROM credit_account WHERE account_id = ANY(%(accounts)s) ORDER BY account_id FOR UPDATE"""

_HOLDS: Final = """
    WITH holds AS MATERIALIZED (
        SELECT * FROM reservation
            WHERE account_id = ANY(%(accounts)s) AND id = ANY(%(reservations)s)
        UNION
        SELECT * FROM reservation
            WHERE account_id = ANY(%(accounts)s) AND status = 'active' AND expires_at <= %(now)s
    )"""


def _columns(table: Table, *, without: str = "") -> "tuple[Column[Any], ...]":
    return tuple(column for column in table.c if column.name != without)


_usage = tables.credit_usage
_QUERIES: Final = {
    "accounts": Query(
        (*tables.credit_account.c, tables.account.c.suspended),
        "SELECT {columns} FROM credit_account JOIN account ON account.id = account_id"
        " WHERE account_id = ANY(%(accounts)s)",
    ),
    "grants": Query(
        _columns(tables.credit_grant),
        "SELECT {columns} FROM credit_grant"
        " WHERE account_id = ANY(%(accounts)s) AND (remaining > 0 OR is_pending)",
    ),
    "reservations": Query(_columns(tables.reservation), "SELECT {columns} FROM holds"),
    # What each of them still keeps, by grant.
    "held": Query(
        (
            tables.credit_draw.c.reservation_id,
            tables.credit_draw.c.grant_id,
            Column("kept", BigInteger),
        ),
        "SELECT {columns} FROM (SELECT reservation_id, grant_id, sum(reserved_amount)::bigint AS kept"
        " FROM credit_draw WHERE reservation_id IN (SELECT id FROM holds)"
        " GROUP BY reservation_id, grant_id) AS drawn WHERE kept > 0",
    ),
    "budgets": Query(
        _columns(tables.budget),
        "SELECT {columns} FROM budget JOIN ("
        " SELECT unnest(%(targets)s) AS target_id"
        " UNION SELECT unnest(ARRAY[site_id, run_id, api_key_id]) FROM holds) AS target USING (target_id)"
        " WHERE account_id = ANY(%(accounts)s) ORDER BY id",
    ),
    "quotes": Query(_columns(tables.quote), "SELECT {columns} FROM quote WHERE id = ANY(%(quotes)s)"),
    "prices": Query(
        _columns(tables.model_price),
        f"SELECT {{columns}} FROM {tables.model_price.name} WHERE id IN (SELECT price_id FROM holds)",  # noqa: S608 - our own table
    ),
    "models": Query(
        _columns(tables.model_price),
        f"SELECT DISTINCT ON (model_name) {{columns}} FROM {tables.model_price.name}"  # noqa: S608 - our own table
        " WHERE model_name = ANY(%(models)s) AND effective_from <= %(now)s"
        " ORDER BY model_name, effective_from DESC",
    ),
    "configuration": Query(
        _columns(tables.billing_configuration),
        "SELECT {columns} FROM billing_configuration WHERE effective_from <= %(now)s"
        " ORDER BY effective_from DESC, id DESC LIMIT 1",
    ),
    # The value follows from other columns; the noun computes it.
    "captured": Query(
        _columns(_usage, without="credit_value_usd"),
        f"SELECT {{columns}} FROM {recordset((_usage.c.reservation_id, _usage.c.item_id), name='items')}"  # noqa: S608 - our own table
        f" JOIN {_usage.name} USING (reservation_id, item_id)",
    ),
    "answered": ANSWERS,
}

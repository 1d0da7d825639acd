"""Reading the ledger and the usage log."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, RowMapping, and_, func, select

from chassis.paging import Page, PageRequest, read_page
from chassis.refusal import NotFound
from services.billing.domain.reversal import Deduction
from services.billing.domain.transaction import CreditTransaction, TransactionType
from services.billing.domain.usage import CostSource, CreditUsage, GroupBy, SettledUsage, UsageGroup
from services.billing.store import tables
from services.billing.store.rows import from_row

GROUPS_MAX = 1000
"""A summary has at most so many groups, those with most credits; days of almost three years fit in."""

_line = tables.credit_transaction
_draw = tables.credit_draw
_grant = tables.credit_grant
_usage = tables.credit_usage
# The value follows from the other two columns; the noun computes it.
_USAGE = [column for column in _usage.c if column.name != "credit_value_usd"]
_reversal = _line.alias("reversal")
_WITH_REVERSAL = _usage.outerjoin(
    _reversal,
    and_(
        _reversal.c.related_id == _usage.c.transaction_id,
        _reversal.c.transaction_type == TransactionType.REVERSAL.value,
    ),
)
_GIVEN_BACK = func.coalesce(_reversal.c.amount, 0)
_KEPT = _usage.c.credits_used - _GIVEN_BACK


class Ledger:
    """Ledger lines and usage rows in the schema `billing`; written by `Books` alone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(
        self,
        *,
        account_id: str,
        transaction_type: TransactionType | None,
        run_id: str | None,
        page: PageRequest,
    ) -> Page[CreditTransaction]:
        """Lines of the account, newest first."""
        query = select(_line).where(_line.c.account_id == account_id)
        if transaction_type is not None:
            query = query.where(_line.c.transaction_type == transaction_type.value)
        if run_id is not None:
            query = query.where(_line.c.run_id == run_id)
        return read_page(self._connection, query, page, by=[_line.c.sequence.desc()], to=_line_of)

    def deduction(self, transaction_id: str, *, account_id: str) -> Deduction:
        """A charge with what it paid for and drew on. Raises NotFound for any other line, and for other accounts'."""
        row = self._connection.execute(
            select(_line).where(
                _line.c.id == transaction_id,
                _line.c.account_id == account_id,
                _line.c.transaction_type == TransactionType.DEDUCTION.value,
            )
        ).one_or_none()
        if row is None:
            raise NotFound(kind="charge", id=transaction_id)
        line = _line_of(row)
        usage = _usage_of(
            self._connection.execute(select(*_USAGE).where(_usage.c.transaction_id == line.id)).one()
        )
        draws = self._connection.execute(
            select(_draw.c.grant_id, _draw.c.amount)
            .join(_grant, _grant.c.id == _draw.c.grant_id)
            .where(_draw.c.transaction_id == line.id, _draw.c.amount < 0)
            .order_by(_grant.c.priority, _grant.c.expires_at.asc().nulls_last(), _grant.c.id)
        )
        begun_at = self._connection.scalar(
            select(tables.reservation.c.created_at).where(tables.reservation.c.id == usage.reservation_id)
        )
        reversal_id = self._connection.scalar(
            select(_line.c.id).where(
                _line.c.related_id == line.id, _line.c.transaction_type == TransactionType.REVERSAL.value
            )
        )
        return Deduction(
            line=line,
            usage=usage,
            shares=[(draw.grant_id, -draw.amount) for draw in draws],
            begun_at=begun_at or usage.created_at,
            reversal_id=reversal_id,
        )

    def get_usage(self, usage_id: str, *, account_id: str) -> CreditUsage:
        """Raises NotFound, for usage of other accounts too."""
        row = self._connection.execute(
            select(*_USAGE).where(_usage.c.id == usage_id, _usage.c.account_id == account_id)
        ).one_or_none()
        if row is None:
            raise NotFound(kind="usage", id=usage_id)
        return _usage_of(row)

    def usage_after(
        self, *, account_id: str, after: str | None, begin: datetime | None, end: datetime | None, limit: int
    ) -> list[SettledUsage]:
        """Usage from `begin` on and before `end`, oldest first, after the row of that id."""
        query = (
            select(*_USAGE, _GIVEN_BACK.label("given_back"))
            .select_from(_WITH_REVERSAL)
            .where(_usage.c.account_id == account_id)
        )
        if after is not None:
            query = query.where(_usage.c.id > after)
        if begin is not None:
            query = query.where(_usage.c.created_at >= begin)
        if end is not None:
            query = query.where(_usage.c.created_at < end)
        rows = self._connection.execute(query.order_by(_usage.c.id).limit(limit)).mappings()
        return [_settled(row) for row in rows]

    def newest_usage(
        self,
        *,
        account_id: str,
        operation_type: str | None,
        site_id: str | None,
        run_id: str | None,
        reservation_id: str | None,
        page: PageRequest,
    ) -> Page[CreditUsage]:
        """Usage of the account, newest first."""
        query = select(*_USAGE).where(_usage.c.account_id == account_id)
        if operation_type is not None:
            query = query.where(_usage.c.operation_type == operation_type)
        if site_id is not None:
            query = query.where(_usage.c.site_id == site_id)
        if run_id is not None:
            query = query.where(_usage.c.run_id == run_id)
        if reservation_id is not None:
            query = query.where(_usage.c.reservation_id == reservation_id)
        return read_page(self._connection, query, page, by=[_usage.c.id.desc()], to=_usage_of)

    def summary(
        self, *, account_id: str, group_by: GroupBy, begin: datetime | None, end: datetime | None
    ) -> list[UsageGroup]:
        """Usage from `begin` on and before `end`, less what was given back, summed up; most credits first, days in order.

        What is given back counts where its charge does, so that every row of usage is in one group, with all of it.
        """
        key = _key(group_by)
        credits = func.sum(_KEPT)
        query = (
            select(
                key.label("key"),
                func.count().label("rows"),
                credits.label("credits_used"),
                func.sum(_usage.c.cost_usd).label("cost_usd"),
                func.sum(_KEPT * _usage.c.credit_price_usd).label("credit_value_usd"),
                func.sum(_GIVEN_BACK).label("credits_reversed"),
            )
            .select_from(_WITH_REVERSAL)
            .where(_usage.c.account_id == account_id)
        )
        if begin is not None:
            query = query.where(_usage.c.created_at >= begin)
        if end is not None:
            query = query.where(_usage.c.created_at < end)
        query = query.group_by(key).limit(GROUPS_MAX)
        query = query.order_by(key) if group_by is GroupBy.DAY else query.order_by(credits.desc(), key)
        return [
            UsageGroup(
                key=row.key or "",
                count=row.rows,
                credits_used=int(row.credits_used),
                cost_usd=Decimal(row.cost_usd),
                credit_value_usd=Decimal(row.credit_value_usd),
                credits_reversed=int(row.credits_reversed),
            )
            for row in self._connection.execute(query)
        ]


def _line_of(row: Row[Any]) -> CreditTransaction:
    line = from_row(CreditTransaction, row, transaction_type=TransactionType)
    return replace(line, hash=bytes(line.hash))


def _usage_of(row: Row[Any]) -> CreditUsage:
    return from_row(CreditUsage, row, cost_source=CostSource)


def _settled(row: RowMapping) -> SettledUsage:
    values: dict[str, Any] = dict(row)
    reversed_credits = int(values.pop("given_back"))
    values["cost_source"] = CostSource(values["cost_source"])
    return SettledUsage(usage=CreditUsage(**values), credits_reversed=reversed_credits)


def _key(group_by: GroupBy) -> "ColumnElement[str]":
    match group_by:
        case GroupBy.OPERATION_TYPE:
            return _usage.c.operation_type
        case GroupBy.MODEL_NAME:
            return _usage.c.model_name
        case GroupBy.SITE_ID:
            return _usage.c.site_id
        case GroupBy.DAY:
            return func.to_char(_usage.c.created_at.op("AT TIME ZONE")("UTC"), "YYYY-MM-DD")

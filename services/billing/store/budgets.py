"""Budgets, and what counts in them from before they were made."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, func, select

from chassis.bulk import Writes
from chassis.paging import Page, PageRequest, read_page
from services.billing.domain.budget import Budget, Scope
from services.billing.domain.reservation import Status
from services.billing.store import tables
from services.billing.store.rows import from_row

_budget = tables.budget
_usage = tables.credit_usage
_line = tables.credit_transaction
_reservation = tables.reservation


class Budgets:
    """Budgets in the schema `billing`; whoever moves one holds the lock on the account's row."""

    def __init__(self, connection: Connection, writes: Writes) -> None:
        self._connection = connection
        self._writes = writes

    def find(self, *, account_id: str, scope: Scope, target_id: str) -> Budget | None:
        """The account's budget of that scope and target."""
        row = self._connection.execute(
            select(_budget).where(
                _budget.c.account_id == account_id,
                _budget.c.scope == scope.value,
                _budget.c.target_id == target_id,
            )
        ).one_or_none()
        return None if row is None else _of(row)

    def newest(self, *, account_id: str, target_id: str | None, page: PageRequest) -> Page[Budget]:
        """Budgets of the account, newest first."""
        query = select(_budget).where(_budget.c.account_id == account_id)
        if target_id is not None:
            query = query.where(_budget.c.target_id == target_id)
        return read_page(self._connection, query, page, by=[_budget.c.id.desc()], to=_of)

    def add(self, budget: Budget) -> None:
        self._writes.insert(_budget, [budget])

    def save(self, budgets: Collection[Budget]) -> None:
        """Writes what moves in a budget's life."""
        columns = ("credits_limit", "window_start", "spent", "held", "updated_at")
        self._writes.update(_budget, list(budgets), columns=columns)

    def remove(self, budget: Budget) -> None:
        self._connection.execute(delete(_budget).where(_budget.c.id == budget.id))

    def counted(
        self, *, account_id: str, scope: Scope, target_id: str, window_start: datetime | None
    ) -> tuple[int, int]:
        """Credits spent and held since the window began, for a budget that is made in its middle.

        What was captured of a hold counts from when the hold was made, as it does ever after.
        """
        begun_at = func.coalesce(_reservation.c.created_at, _usage.c.created_at)
        reversed_credits = func.coalesce(func.sum(_line.c.amount), 0)
        spent = (
            select(
                func.coalesce(func.sum(_usage.c.credits_used), 0).label("used"),
                reversed_credits.label("reversed"),
            )
            .select_from(_usage)
            .outerjoin(_reservation, _reservation.c.id == _usage.c.reservation_id)
            .outerjoin(
                _line,
                (_line.c.related_id == _usage.c.transaction_id) & (_line.c.transaction_type == "reversal"),
            )
            .where(_usage.c.account_id == account_id, _target(_usage, scope) == target_id)
        )
        held = select(
            func.coalesce(
                func.sum(_reservation.c.amount - _reservation.c.captured - _reservation.c.released), 0
            )
        ).where(
            _reservation.c.account_id == account_id,
            _reservation.c.status == Status.ACTIVE.value,
            _target(_reservation, scope) == target_id,
        )
        if window_start is not None:
            # An item is charged after its hold was made, so the index on the site finds it by its own time.
            spent = spent.where(begun_at >= window_start, _usage.c.created_at >= window_start)
            held = held.where(_reservation.c.created_at >= window_start)
        used = self._connection.execute(spent).one()
        return int(used.used) - int(used.reversed), int(self._connection.scalar(held) or 0)


def _target(table: Table, scope: Scope) -> "Column[Any]":
    columns = {Scope.RUN: "run_id", Scope.API_KEY: "api_key_id"}
    return table.c[columns.get(scope, "site_id")]


def _of(row: Row[Any]) -> Budget:
    return from_row(Budget, row, scope=Scope)

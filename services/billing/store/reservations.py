"""Reservations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from chassis.bulk import insert_rows, update_rows
from chassis.paging import Page, PageRequest, read_page
from services.billing.domain.reservation import Reservation, Status
from services.billing.store import tables
from services.billing.store.rows import among, from_row

_reservation = tables.reservation


class Reservations:
    """Reservations in the schema `billing`. Whoever moves one holds the lock on its account's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, reservation_ids: Collection[str]) -> dict[str, Reservation]:
        """Those of these that there are. The lock on their accounts' rows is theirs too."""
        query = select(_reservation).where(among(_reservation.c.id, reservation_ids))
        return {row.id: _of(row) for row in self._connection.execute(query)}

    def due(self, *, account_ids: Collection[str], now: datetime) -> list[Reservation]:
        """The accounts' holds whose time has ended and that nobody has booked yet, oldest end first."""
        query = (
            select(_reservation)
            .where(
                among(_reservation.c.account_id, account_ids),
                _reservation.c.status == Status.ACTIVE.value,
                _reservation.c.expires_at <= now,
            )
            .order_by(_reservation.c.expires_at, _reservation.c.id)
        )
        return [_of(row) for row in self._connection.execute(query)]

    def newest(self, *, account_id: str, status: Status | None, page: PageRequest) -> Page[Reservation]:
        """Reservations of the account, newest first."""
        query = select(_reservation).where(_reservation.c.account_id == account_id)
        if status is not None:
            query = query.where(_reservation.c.status == status.value)
        return read_page(self._connection, query, page, by=[_reservation.c.id.desc()], to=_of)

    def add(self, reservations: Sequence[Reservation]) -> None:
        insert_rows(self._connection, _reservation, reservations)

    def save(self, reservations: Sequence[Reservation]) -> None:
        """Writes what moves in a reservation's life."""
        columns = ("captured", "released", "status", "expires_at")
        update_rows(self._connection, _reservation, reservations, columns=columns)


def _of(row: Row[Any]) -> Reservation:
    return from_row(Reservation, row, status=Status)
